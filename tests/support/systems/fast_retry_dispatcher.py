"""Reward-dispatcher with short pauses between delivery attempts: `python -m tests.support.systems.fast_retry_dispatcher worker`.

The unit tests check the length of the pauses; here they would only add fifteen seconds a receiver.
"""

import sys

from reward_dispatcher import __main__ as service
from reward_dispatcher.delivery import sender

if __name__ == "__main__":
    sender.FIRST_PAUSE_S = 0.02
    service.main(sys.argv[1:])
