import { once } from 'node:events';
import { connect, createServer } from 'node:net';

/**
 * A socket that leads to the server's, and holds the statement that contains `text` back until `meanwhile` is done:
 * so something can be made to happen exactly before it, however fast the client is.
 */
export async function holdStatement(
  socket: string,
  server: string,
  text: string,
  meanwhile: () => Promise<void>,
): Promise<AsyncDisposable> {
  const door = createServer((client) => {
    const upstream = connect(server);
    let passed = Promise.resolve();
    client.on('data', (packet) => {
      passed = passed.then(async () => {
        if (packet.includes(text)) await meanwhile();
        upstream.write(packet);
      });
    });
    upstream.pipe(client);
    for (const [one, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      one.on('error', () => other.destroy());
      one.on('close', () => other.destroy());
    }
  });
  door.listen(socket);
  await once(door, 'listening');
  return {
    async [Symbol.asyncDispose]() {
      const closed = once(door, 'close');
      door.close();
      await closed;
    },
  };
}
