"""A GraphQL server of other people: strawberry on uvicorn, with subscriptions.

Started by the tests: python strawberry_server.py PORT [batching]
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncGenerator

import strawberry
import uvicorn
from strawberry.asgi import GraphQL
from strawberry.schema.config import StrawberryConfig

MADE: list[str] = []


@strawberry.type
class Customer:
    id: strawberry.ID
    name: str

    @strawberry.field
    def note(self) -> str | None:
        if self.id == "2":
            raise ValueError("No note for ada@example.com.")
        return f"note {self.id}"

    @strawberry.field
    def secret(self) -> str:
        raise ValueError("Not yours.")


@strawberry.type
class PageInfo:
    has_next_page: bool
    end_cursor: str | None


@strawberry.type
class CustomerConnection:
    nodes: list[Customer]
    page_info: PageInfo


PEOPLE = [Customer(id=strawberry.ID(str(number)), name=f"Person {number}") for number in range(1, 8)]


@strawberry.type
class Query:
    @strawberry.field
    def customer(self, id: strawberry.ID) -> Customer | None:
        return next((one for one in PEOPLE if one.id == id), None)

    @strawberry.field
    def customers(self, first: int = 3, after: str | None = None) -> CustomerConnection:
        start = int(after) if after else 0
        nodes = PEOPLE[start : start + first]
        more = start + first < len(PEOPLE)
        return CustomerConnection(
            nodes=nodes, page_info=PageInfo(has_next_page=more, end_cursor=nodes[-1].id)
        )

    @strawberry.field
    def made(self) -> list[str]:
        return MADE


@strawberry.input
class CustomerInput:
    name: str


@strawberry.type
class Mutation:
    @strawberry.mutation
    def create_customer(self, input: CustomerInput) -> Customer:
        MADE.append(input.name)
        return Customer(id=strawberry.ID(str(100 + len(MADE))), name=input.name)

    @strawberry.mutation
    def refuses(self) -> Customer | None:
        raise ValueError("The name is taken.")


@strawberry.type
class Subscription:
    @strawberry.subscription
    async def countdown(self, start: int) -> AsyncGenerator[int, None]:
        for number in range(start, 0, -1):
            yield number

    @strawberry.subscription
    async def silent(self) -> AsyncGenerator[int, None]:
        await asyncio.sleep(60)
        yield 0


if __name__ == "__main__":
    config = StrawberryConfig(batching_config={"max_operations": 10} if "batching" in sys.argv else None)
    schema = strawberry.Schema(Query, Mutation, Subscription, config=config)
    uvicorn.run(GraphQL(schema), host="127.0.0.1", port=int(sys.argv[1]), log_level="error")
