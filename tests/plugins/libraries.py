"""A provider that keeps a library of models: what it fetches is half there at the first look, whole at the second."""

LIBRARY = """
from taskflow.plugin_api import *

manifest = Manifest(slug="SLUG", name="Library SLUG", kinds={Kind.LLM_PROVIDER}, network=Network.NONE)


class Model:
    name = "model"

    def __init__(self):
        self._looks = {}

    async def complete(self, request):
        return Completion(text='{"priority": "high", "confidence": 0.8}', model="tiny")

    async def check(self):
        return Health(ok=True, model="tiny", sample="a piece", tokens_per_second=41.25)

    async def models(self):
        return [ModelInfo(name="tiny", size_bytes=1000)]

    async def pull(self, model):
        if model == "no-such-model":
            raise PermanentError("there is no model of that name")
        if model == "unreachable":
            raise TransientError("the library does not answer")
        looks = self._looks[model] = self._looks.get(model, 0) + 1
        if looks == 1:
            return Pull(model=model, state="running", completed_bytes=500, total_bytes=1000, detail="downloading")
        return Pull(model=model, state="done", completed_bytes=1000, total_bytes=1000)


@hookimpl
def taskflow_llm_providers(ctx):
    return [Model()]
"""
