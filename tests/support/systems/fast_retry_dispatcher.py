"""The service with hardly a pause between attempts to deliver: `python -m tests.support.systems.fast_retry_dispatcher worker`.

How long the pauses are is told by the unit tests; here they would only be waited for, fifteen seconds a receiver.
"""

import sys

from reward_dispatcher import __main__ as service
from reward_dispatcher.delivery import sender

if __name__ == "__main__":
    sender.FIRST_PAUSE_S = 0.02
    service.main(sys.argv[1:])
