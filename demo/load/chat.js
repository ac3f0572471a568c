// Constant load on the simulated models: RATE chats a second, a third of them streamed.
import http from "k6/http";
import { check } from "k6";

const rate = Number(__ENV.RATE);

export const options = {
  scenarios: {
    chat: { executor: "constant-arrival-rate", rate, duration: "24h", preAllocatedVUs: 4 * rate, maxVUs: 20 * rate },
  },
};

export default function () {
  const stream = __ITER % 3 === 0;
  const body = { model: "simulated", messages: [{ role: "user", content: "Tell me a story." }], stream };
  const answer = http.post(`${__ENV.GLIDE_URL}/v1/chat/completions`, JSON.stringify(body), {
    headers: { "Content-Type": "application/json" },
  });
  check(answer, { answered: (a) => a.status === 200 });
}
