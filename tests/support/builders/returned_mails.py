"""E-mails as mail servers send them back, after the examples of RFC 3464 and RFC 5965 and the usual forms of several servers."""

from textwrap import dedent


def postfix_report(to: str, status: str = "5.1.1", action: str = "failed", returned: str = "") -> bytes:
    """The report of Postfix; `returned` is the return path that it quotes."""
    return _lines(f"""\
        Return-Path: <>
        Delivered-To: {to}
        Date: Mon, 30 Nov 2026 10:00:02 +0800 (CST)
        From: MAILER-DAEMON@mx.example.net (Mail Delivery System)
        Subject: Undelivered Mail Returned to Sender
        To: {to}
        Auto-Submitted: auto-replied
        MIME-Version: 1.0
        Content-Type: multipart/report; report-type=delivery-status;
         boundary="4XyZ1234.1764468002/mx.example.net"
        Message-Id: <20261130020002.4XyZ1234@mx.example.net>

        This is a MIME-encapsulated message.

        --4XyZ1234.1764468002/mx.example.net
        Content-Description: Notification
        Content-Type: text/plain; charset=utf-8

        This is the mail system at host mx.example.net.

        <amy@mail.example>: host mail.example[192.0.2.7] said: 550 5.1.1
            <amy@mail.example>: Recipient address rejected: User unknown

        --4XyZ1234.1764468002/mx.example.net
        Content-Description: Delivery report
        Content-Type: message/delivery-status

        Reporting-MTA: dns; mx.example.net
        X-Postfix-Queue-ID: 4XyZ1234
        Arrival-Date: Mon, 30 Nov 2026 10:00:01 +0800 (CST)

        Final-Recipient: rfc822; amy@mail.example
        Original-Recipient: rfc822;amy@mail.example
        Action: {action}
        Status: {status}
        Remote-MTA: dns; mail.example
        Diagnostic-Code: smtp; 550 {status} <amy@mail.example>: Recipient address
            rejected

        --4XyZ1234.1764468002/mx.example.net
        Content-Description: Undelivered Message Headers
        Content-Type: text/rfc822-headers

        Return-Path: <{returned or to}>
        From: hello@glow.example
        To: amy@mail.example
        Subject: A friend came

        --4XyZ1234.1764468002/mx.example.net--
        """)


def exchange_report(to: str) -> bytes:
    """The report of Microsoft Exchange: no Diagnostic-Code, the original e-mail as a whole, Status with a comment."""
    return _lines(f"""\
        From: <postmaster@contoso.example>
        To: {to}
        Date: Mon, 30 Nov 2026 02:00:02 +0000
        Content-Type: multipart/report; report-type=delivery-status;
        \tboundary="_6e1f8a52-postmaster"
        Content-Language: en-US
        Message-ID: <c0ffee@contoso.example>
        Subject: Undeliverable: A friend came
        MIME-Version: 1.0

        --_6e1f8a52-postmaster
        Content-Type: multipart/alternative; differences=Content-Type;
        \tboundary="_inner"

        --_inner
        Content-Type: text/html; charset="us-ascii"

        <p>Your message wasn't delivered.</p>
        --_inner--

        --_6e1f8a52-postmaster
        Content-Type: message/delivery-status

        Reporting-MTA: dns;contoso.example
        Received-From-MTA: dns;mx.example.net

        Final-Recipient: rfc822;amy@contoso.example
        Action: failed
        Status: 5.1.10 (RESOLVER.ADR.RecipientNotFound)

        --_6e1f8a52-postmaster
        Content-Type: message/rfc822

        Return-Path: {to}
        From: hello@glow.example
        Subject: A friend came

        Your friend is here.
        --_6e1f8a52-postmaster--
        """)


def exim_report(to: str) -> bytes:
    """The report of Exim: the status has no detail of its own, the reply does."""
    return _lines(f"""\
        X-Failed-Recipients: amy@mail.example
        Auto-Submitted: auto-replied
        From: Mail Delivery System <Mailer-Daemon@exim.example>
        To: {to}
        Content-Type: multipart/report; report-type=delivery-status; boundary=1764468002-eximdsn-1
        MIME-Version: 1.0
        Subject: Mail delivery failed: returning message to sender

        --1764468002-eximdsn-1
        Content-type: text/plain; charset=us-ascii

        A message that you sent could not be delivered.

        --1764468002-eximdsn-1
        Content-type: message/delivery-status

        Reporting-MTA: dns; exim.example

        Action: failed
        Final-Recipient: rfc822;amy@mail.example
        Status: 5.0.0
        Remote-MTA: dns; mail.example
        Diagnostic-Code: smtp; 550 no such user here

        --1764468002-eximdsn-1
        Content-type: message/rfc822

        Return-path: <{to}>
        Subject: A friend came

        --1764468002-eximdsn-1--
        """)


def complaint(returned: str, kind: str = "abuse") -> bytes:
    """The complaint of a mailbox provider, to the address of its feedback loop, after RFC 5965, appendix B.2."""
    return _lines(f"""\
        From: <abusedesk@provider.example>
        Date: Mon, 30 Nov 2026 17:40:36 EDT
        Subject: FW: A friend came
        To: <abuse@glow.example>
        MIME-Version: 1.0
        Content-Type: multipart/report; report-type=feedback-report;
             boundary="part1_13d.2e68ed54_boundary"

        --part1_13d.2e68ed54_boundary
        Content-Type: text/plain; charset="US-ASCII"
        Content-Transfer-Encoding: 7bit

        This is an email abuse report for an email message.

        --part1_13d.2e68ed54_boundary
        Content-Type: message/feedback-report

        Feedback-Type: {kind}
        User-Agent: SomeGenerator/1.0
        Version: 1
        Original-Mail-From: <{returned}>
        Original-Rcpt-To: <amy@provider.example>
        Source-IP: 192.0.2.1

        --part1_13d.2e68ed54_boundary
        Content-Type: message/rfc822
        Content-Disposition: inline

        From: <hello@glow.example>
        To: <amy@provider.example>
        Subject: A friend came

        Your friend is here.
        --part1_13d.2e68ed54_boundary--
        """)


def automatic_reply(to: str) -> bytes:
    """The reply of someone who is away (RFC 3834), which names a code as a report would."""
    return _lines(f"""\
        From: amy@mail.example
        To: {to}
        Subject: Out of office
        Auto-Submitted: auto-replied (vacation)
        Precedence: bulk
        Content-Type: text/plain

        I am away until Monday. Status: 5.1.1
        """)


def read_receipt(to: str) -> bytes:
    """A disposition notification (RFC 8098)."""
    return _lines(f"""\
        From: amy@mail.example
        To: {to}
        Content-Type: multipart/report; report-type=disposition-notification; boundary=b

        --b
        Content-Type: message/disposition-notification

        Final-Recipient: rfc822;amy@mail.example
        Disposition: manual-action/MDN-sent-manually; displayed
        --b--
        """)


def _lines(text: str) -> bytes:
    return dedent(text).replace("\n", "\r\n").encode()
