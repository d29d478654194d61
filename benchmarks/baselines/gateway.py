"""P3's and P4's baseline: the gateway a team writes in a day. FastAPI, uvicorn, aiokafka; no auth, no validation; durable."""

import asyncio
import json
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import uvicorn
from aiokafka import AIOKafkaProducer
from fastapi import Body, FastAPI

TOPIC = os.environ["GATEWAY_TOPIC"]


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Keeps one producer for all requests."""
    app.state.producer = AIOKafkaProducer(
        bootstrap_servers=os.environ["REFERRAL_KAFKA"], acks="all", enable_idempotence=True
    )
    await app.state.producer.start()
    yield
    await app.state.producer.stop()


app = FastAPI(lifespan=lifespan)


@app.post("/v1/events", status_code=202)
async def take(events: Any = Body()) -> dict[str, int]:  # noqa: B008 - FastAPI's way
    """One event or a list of them: one record an event, answered after every ack."""
    many = events if isinstance(events, list) else [events]
    if len(many) == 1:
        await _send(many[0])
    else:
        sent = [
            await app.state.producer.send(TOPIC, json.dumps(one).encode(), key=one["person"].encode()) for one in many
        ]
        await asyncio.gather(*sent)
    return {"accepted": len(many)}


async def _send(event: dict[str, Any]) -> None:
    await app.state.producer.send_and_wait(TOPIC, json.dumps(event).encode(), key=event["person"].encode())


@app.get("/readyz")
async def ready() -> dict[str, bool]:
    """Answers once the producer is connected."""
    return {"ready": True}


if __name__ == "__main__":
    uvicorn.run(app, host="127.0.0.1", port=int(os.environ["REFERRAL_HTTP_PORT"]), log_level="warning")
