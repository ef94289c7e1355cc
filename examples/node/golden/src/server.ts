import Fastify from "fastify";

const app = Fastify();
app.get("/health", async () => ({ status: "ok" }));
app.get("/books", async () => [{ title: "The Tombs of Atuan" }]);

for (const signal of ["SIGTERM", "SIGINT"] as const) {
  process.on(signal, () => void app.close().then(() => process.exit(0)));
}
await app.listen({ host: "0.0.0.0", port: Number(process.env.PORT ?? 3000) });
