"""A chat service as a function from request to response."""

from __future__ import annotations

import json

import httpx


class Chat:
    """Gives the next answer, ``fine`` when there is none, and keeps what it was sent."""

    def __init__(self, *answers, fine):
        self.answers, self.fine = list(answers), fine
        self.documents = []
        self.urls = []
        self.slept = []

    def __call__(self, request):
        self.urls.append(str(request.url))
        self.documents.append(json.loads(request.content))
        answer = self.answers.pop(0) if self.answers else self.fine
        if isinstance(answer, Exception):
            raise answer
        return answer

    @property
    def transport(self):
        return httpx.MockTransport(self)

    def sleep(self, seconds):
        self.slept.append(seconds)
