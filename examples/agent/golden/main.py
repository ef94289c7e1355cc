"""A small agent: it answers questions about the weather, and says that it is alive."""
from fastapi import FastAPI

app = FastAPI(title="weather agent")


@app.get("/health")
def health() -> dict[str, str]:
    return {"status": "ok"}


@app.get("/ask")
def ask(city: str) -> dict[str, str]:
    return {"city": city, "answer": f"It is probably raining in {city}."}
