"""An e-mail address as people see it who may not see contacts: enough to recognize a typing error in the host."""


def mask_address(address: str) -> str:
    """Returns the address with the first character of its name and its host: `a•••@mail.example`."""
    name, _, host = address.rpartition("@")
    return f"{name[:1]}•••@{host}"
