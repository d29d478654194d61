"""The option for the first port of a system."""

import click

# link-issuer listens on +1, the broker on +92: see the tables in system.py and stack/ports.py.
port_base = click.option(
    "--port-base",
    envvar="REFERRAL_PORT_BASE",
    show_envvar=True,
    default=8000,
    show_default=True,
    type=click.IntRange(1024, 65_400),
    help="First port of the system; systems with different ones run side by side.",
)
