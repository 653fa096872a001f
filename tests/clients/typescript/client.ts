// What a site does with the client that openapi-typescript generates: the same calls as in ../python_client.py.
import createClient from "openapi-fetch";
import type { components, paths } from "./generated/api.js";

type Body = components["schemas"]["ActionUpdate"] | components["schemas"]["ReceiptUpdate"];
type Problem = components["schemas"]["ProblemShape"];

declare const process: { argv: string[] };
const given: {
  url: string; password: string; receipt: string; reused: string; stranger: string; forged: string;
} = JSON.parse(process.argv[2] ?? "");

const client = createClient<paths>({ baseUrl: given.url });

async function update(token: string, body: Body, key?: string) {
  const headers = { Authorization: `Bearer ${token}` };
  const { data, error, response } = await client.PATCH("/api/score/update", {
    body,
    headers,
    params: { header: key === undefined ? {} : { "Idempotency-Key": key } },
  });
  return data ? [response.status, data.score, data.verified] : describe(response.status, error);
}

function describe(status: number, problem: Problem | undefined) {
  return [status, problem?.status, problem?.code];
}

const wrong = await client.POST("/api/token", { body: { username: "ada", password: "wrong password" } });
const signedIn = await client.POST("/api/token", { body: { username: "ada", password: given.password } });
const token = signedIn.data?.access ?? "";
const answers = [
  describe(wrong.response.status, wrong.error),
  await update(token, { action: "daily-quiz" }, "one"),
  await update(token, { receipt: given.receipt }),
  await update(token, { action: "daily-quiz" }),
  await update("x.y.z", { action: "daily-quiz" }, "two"),
  await update(token, { receipt: given.stranger }),
  await update(token, { action: "nothing" }, "two"),
  await update(token, { receipt: given.reused }),
  await update(token, { receipt: "x".repeat(9000) }),
  await update(token, { action: "nothing" }, "one"),
  await update(token, { receipt: given.forged }),
  await update(token, { action: "daily-quiz" }, "two"),
  await update(token, { action: "tampered" }, "three"),
];
const top = await client.GET("/api/score/top");
console.log(JSON.stringify([...answers, top.data?.entries.map((entry) => [entry.rank, entry.name, entry.score])]));
