"""The `referral` command, the local stack (Kafka and Redis without Docker) and the campaign simulator."""
