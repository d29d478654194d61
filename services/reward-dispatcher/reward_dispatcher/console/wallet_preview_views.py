"""The wallet of an example person under the rules of a draft, for the preview of the studio. No person is read or written."""

from flask import Blueprint, render_template, request

from referral.console.guard import Visit, console_view
from referral.events.program import Program
from referral.http.json_body import decode_json
from referral.http.problems import Problem
from referral.pages.console_shell import current_program
from referral.program_file.check import ProgramFileTooLarge, check_program_file, require_program_size
from reward_dispatcher.pages.wallet_preview import wallet_preview

PATH = "/console/rewards/wallet-preview"
blueprint = Blueprint("console_wallet_preview", __name__, template_folder="../pages/templates")


@blueprint.post(PATH)
@console_view("read")
def preview(visit: Visit) -> str:
    """The page as HTML: the template of wallets, with an example for each reward of a referrer."""
    current_program(visit)
    return render_template("wallet.html", **wallet_preview(_rules()))


def _rules() -> Program:
    """The program of the body, the content of a program file. Raises Problem 413 or 422."""
    try:
        require_program_size(len(request.get_data()))
    except ProgramFileTooLarge as error:
        raise Problem(413, "too_large", f"{error}.") from error
    checked = check_program_file(decode_json(request.get_data()))
    if checked.program is None:
        raise Problem(422, "invalid", "The draft has mistakes; the wallet shows a program without any.")
    return checked.program
