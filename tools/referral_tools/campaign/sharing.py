"""The effects of a share: a friend learns of the account, uses what the channel offers, and may follow."""

from dataclasses import replace

from referral.events.facts import Channel, CodeScanned, Content, ContentShown, FriendTagged, Tag
from referral_tools.campaign.contents import Contents
from referral_tools.campaign.following import Following
from referral_tools.campaign.people import SimulatedPerson
from referral_tools.campaign.script import NO_EVIDENCE, Evidence, LinkContent, PlannedEvent
from referral_tools.campaign.simulation_context import SimulationContext

_DAY = 24
_SCANS = 0.25  # of friends who open what came by WeChat scan the poster's QR code
_TAGGED = 0.25  # of friends on Xiaohongshu are tagged under the post
_MENTIONS = 0.3  # of those who name a referrer, by mention instead of code
_LOOKS_AGAIN = 0.2  # of those who clicked and do not follow see more content, with the click still known
_SECOND_CODE = 0.05  # of those who clicked also give another referrer's code


class Sharing:
    """Friends of followers, from the share to the follow."""

    def __init__(self, stage: SimulationContext, following: Following, contents: Contents) -> None:
        self._stage, self._following, self._contents = stage, following, contents

    def reach_friends(self, sharer: SimulatedPerson, channel: Channel, content: Content) -> None:
        """A friend learns of the account some hours later."""
        friend = self._friend()
        hours = self._stage.dice.soon(self._stage.model.reply_hours)
        self._stage.later(hours, lambda: self._reach_friend(friend, sharer, channel, content))

    def _friend(self) -> SimulatedPerson:
        """Usually a new person; otherwise one who knows the account already, and may even follow it."""
        dice, crowd = self._stage.dice, self._stage.crowd
        if crowd.undecided and dice.happens(self._stage.model.known_friend):
            return dice.choice(crowd.undecided)
        friend = crowd.newcomer(by_friend=True)
        crowd.undecided.append(friend)
        return friend

    def _reach_friend(
        self, friend: SimulatedPerson, sharer: SimulatedPerson, channel: Channel, content: Content
    ) -> None:
        if friend is sharer or friend.heard_step == self._stage.step:
            return  # the order of two clicks within one hour would be undefined
        friend.heard_step = self._stage.step
        if channel == "xiaohongshu":
            self._by_word(friend, sharer, content)
        elif self._stage.dice.happens(self._stage.model.click_probability):
            self._by_link(friend, sharer, channel, content)

    def _by_word(self, friend: SimulatedPerson, sharer: SimulatedPerson, content: Content) -> None:
        """No links there: a tag, and at the follow a code or a mention."""
        stage = self._stage
        self._contents.pass_on(friend, content)
        tagged = stage.dice.happens(_TAGGED)
        if tagged:
            stage.platform.report(
                friend, PlannedEvent(FriendTagged(**stage.platform.about(friend), data=Tag(by=sharer.id)))
            )
        if stage.dice.happens(stage.model.follow_after_word):
            mentions = stage.dice.happens(_MENTIONS)
            evidence = Evidence(mention_of=sharer.id) if mentions else Evidence(code_of=sharer.id)
            self._decide_to_follow(friend, evidence, known=tagged, content=content)

    def _by_link(self, friend: SimulatedPerson, sharer: SimulatedPerson, channel: Channel, content: Content) -> None:
        stage = self._stage
        if channel == "wechat" and stage.dice.happens(_SCANS):
            scan = PlannedEvent(
                CodeScanned(**stage.platform.about(friend), channel=channel), Evidence(scan_of=sharer.id)
            )
            stage.platform.report(friend, scan)
            evidence, known = NO_EVIDENCE, True
        else:
            link = LinkContent(channel, content.content, content.cta, sharer.chains.get(content.content or ""))
            evidence, known = Evidence(click=stage.visit(sharer, link)), False
        self._contents.pass_on(friend, content, evidence.click)
        if stage.dice.happens(stage.model.follow_after_click):
            self._decide_to_follow(friend, evidence, known=known)
        elif evidence.click is not None and stage.dice.happens(_LOOKS_AGAIN):
            stage.later(stage.dice.soon(12), lambda: self._click_again(friend, evidence, content))

    def _decide_to_follow(
        self, friend: SimulatedPerson, evidence: Evidence, *, known: bool, content: Content | None = None
    ) -> None:
        """The friend will follow: some too late, some without evidence, a few with their own code."""
        stage, model = self._stage, self._stage.model
        late = evidence.click is not None and stage.dice.happens(model.late_followers)
        hours = stage.dice.soon(model.reply_hours)
        if late:
            hours = (stage.program.attribution.window_days + 1) * _DAY + stage.dice.randrange(3 * _DAY)
        elif stage.dice.happens(model.own_codes):
            return self._use_own_code(friend, hours)
        elif stage.dice.happens(model.forgotten_evidence):
            evidence = NO_EVIDENCE
        elif evidence.click is not None and stage.dice.happens(_SECOND_CODE):
            evidence = self._and_a_code(evidence)
        counts = not late and (known or evidence is not NO_EVIDENCE)
        return stage.later(hours, lambda: self._following.follow(friend, evidence, counts=counts, content=content))

    def _use_own_code(self, friend: SimulatedPerson, hours: int) -> None:
        self._stage.enrol(friend)
        own = Evidence(code_of=friend.id)
        self._stage.later(hours, lambda: self._following.follow(friend, own, counts=False))

    def _click_again(self, friend: SimulatedPerson, evidence: Evidence, content: Content) -> None:
        """A view that still carries the click: a touch for a later follow."""
        about, seen = self._stage.platform.about(friend), self._contents.as_seen_by(friend, content)
        self._stage.platform.report(friend, PlannedEvent(ContentShown(**about, data=seen), evidence))

    def _and_a_code(self, evidence: Evidence) -> Evidence:
        someone = self._stage.dice.choice(self._stage.crowd.followers)
        return replace(evidence, code_of=someone.id) if someone.enrolled else evidence
