"""The doors for platforms that send events in their own words: CloudEvents, WeChat, and what program files map."""
