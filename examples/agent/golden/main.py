"""A small agent: it answers questions about the weather, and says that it is alive."""
import os

from fastapi import FastAPI, HTTPException

app = FastAPI(title="weather agent")


def key() -> str:
    """The key of the weather service, read when it is needed: out of AWS Secrets Manager
    where WEATHER_KEY_SECRET names a secret there, else out of the environment."""
    if name := os.getenv("WEATHER_KEY_SECRET"):
        import boto3

        return boto3.client("secretsmanager").get_secret_value(SecretId=name)["SecretString"]
    return os.getenv("WEATHER_KEY", "")


@app.get("/health")
def health() -> dict[str, str]:
    return {"status": "ok"}


@app.get("/ask")
def ask(city: str) -> dict[str, str]:
    return {"city": city, "answer": f"It is probably raining in {city}."}


@app.get("/forecast")
def forecast(city: str) -> dict[str, str]:
    if not key():
        raise HTTPException(503, "the weather service wants a key: see the README")
    return {"city": city, "answer": f"Tomorrow it may rain in {city}."}
