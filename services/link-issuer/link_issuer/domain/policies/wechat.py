"""WeChat: links, and QR codes with a scene value that says who brought the scanner. Never a prize for sharing itself.

Scene values: 1 to 64 characters, https://developers.weixin.qq.com/doc/offiaccount/Account_Management/Generating_a_Parametric_QR_Code.html
"""

from link_issuer.domain.policies import text_detectors
from link_issuer.domain.policies.policy import Policy, Rule, free_of

LONGEST_SCENE = 64

POLICY = Policy(
    "wechat",
    frozenset({"link", "qr", "scene", "code", "mention"}),
    (
        Rule(
            "wechat_no_prize_for_sharing",
            "Nothing may be promised for sharing, forwarding or likes: promise it for a friend who follows",
            free_of(text_detectors.prize_for_sharing),
        ),
    ),
    "https://weixin.qq.com/cgi-bin/readtemplate?t=weixin_external_links_content_management_specification",
)
