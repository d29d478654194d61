"""Recognizes a ping: a request with which a shop tests the URL of a webhook before it sends events there.

WooCommerce sends `webhook_id=1` as a form, without a signature, and switches the webhook on only after the status 200:
https://github.com/woocommerce/woocommerce/blob/trunk/plugins/woocommerce/includes/class-wc-webhook.php (deliver_ping)
"""

import re

_FORM = "application/x-www-form-urlencoded"
_ONE_FIELD = re.compile(rb"[A-Za-z][\w.-]{0,63}=[\w.-]{0,128}", re.ASCII)
_WEBHOOK_ID = re.compile(rb"webhook_id=\d{1,20}")


def is_ping(body: bytes, mimetype: str) -> bool:
    """Whether a body is empty, or a form with a single field: neither can contain an event."""
    content = body.strip()
    is_form = mimetype == _FORM and _ONE_FIELD.fullmatch(content) is not None
    return not content or is_form or _WEBHOOK_ID.fullmatch(content) is not None
