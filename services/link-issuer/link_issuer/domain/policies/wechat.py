"""WeChat: links, and QR codes with a scene value that identifies the referrer. No rewards for sharing itself.

Scene values: 1 to 64 characters, https://developers.weixin.qq.com/doc/offiaccount/Account_Management/Generating_a_Parametric_QR_Code.html
"""

from link_issuer.domain.policies import text_detectors
from link_issuer.domain.policies.policy import Policy, PolicyRule, forbid_text

MAX_SCENE_LENGTH = 64

POLICY = Policy(
    "wechat",
    frozenset({"link", "qr", "scene", "code", "mention"}),
    (
        PolicyRule(
            "wechat_no_prize_for_sharing",
            "The text must not promise anything for sharing, forwarding or likes: promise it for a friend who follows",
            forbid_text(text_detectors.find_prize_for_sharing),
        ),
    ),
    "https://weixin.qq.com/cgi-bin/readtemplate?t=weixin_external_links_content_management_specification",
)
