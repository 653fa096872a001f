// Sends a frame that was encoded once to every viewer: node server.js PORT FRAMES_PER_SECOND FRAME_BYTES
import { createServer } from "node:http";
import { Sender, WebSocketServer } from "ws";

const [port, framesPerSecond, frameBytes] = process.argv.slice(2).map(Number);
const sockets = new WebSocketServer({ noServer: true, perMessageDeflate: false, clientTracking: true });
const server = createServer((request, response) => response.end("here"));
server.on("upgrade", (request, socket, head) => sockets.handleUpgrade(request, socket, head, () => {}));
server.listen({ host: "127.0.0.1", port, backlog: 4096 });

let count = 0;
setInterval(() => {
    count += 1;
    const text = `{"event":"scoreboardUpdate","data":{"score":${count},"filler":"`.padEnd(frameBytes - 3, "x") + '"}}';
    const options = { fin: true, rsv1: false, opcode: 1, mask: false, readOnly: true };
    const frame = Buffer.concat(Sender.frame(Buffer.from(text), options));
    // oxlint-disable-next-line no-underscore-dangle -- ws hands out the socket under no other name
    for (const viewer of sockets.clients) viewer._socket.write(frame);
}, 1000 / framesPerSecond);
