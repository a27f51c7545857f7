import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { createServer as createTlsServer, type Server as TlsServer, type TLSSocket } from "node:tls";

import type { SocketAddress } from "../config/socketaddress.ts";
import { getLog } from "../log/logger.ts";
import type { Credentials } from "./credentials.ts";
import type { Front } from "./front.ts";

const log = getLog("http");

/** An address that is listened on; it ends with close(). */
export interface Listener {
  /** The port, also where any one was asked for. */
  readonly port: number;
  /** Takes other credentials for the connections to come. */
  renew(credentials: Credentials): void;
  close(): void;
}

/** Listens on an address, with TLS if there are credentials. Rejects with the error of listen(2). */
export async function listen(
  address: SocketAddress,
  front: Front,
  credentials: Credentials | undefined,
): Promise<Listener> {
  const server = credentials ? secureServer(front, credentials) : plainServer(front);
  await listening(server, () => server.listen({ host: address.host, port: address.port, ipv6Only: true }));
  return {
    port: (server.address() as AddressInfo).port,
    renew: (next) => (server as TlsServer).setSecureContext(next.tls),
    close: () => void server.close(),
  };
}

/** Serves plain HTTP to whom a server accepts. */
export function plainServer(front: Front): Server {
  return createServer((socket: Socket) => {
    if (front.connections.admit(socket)) front.serve(socket);
  });
}

/** Resolves when the server listens. */
export function listening(server: Server, begin: () => void): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.once("listening", () => {
      server.off("error", reject);
      server.on("error", (error) => log.error("a connection was not accepted: {error}", { error }));
      resolve();
    });
    begin();
  });
}

function secureServer(front: Front, { tls }: Credentials): TlsServer {
  // The deadline of a connection begins before its handshake.
  const server = createTlsServer(tls, (socket: TLSSocket) => front.serve(socket));
  server.on("connection", (socket) => void front.connections.admit(socket));
  server.on("tlsClientError", (error, socket) => {
    log.info("{peer} was refused: {reason}", { peer: socket.remoteAddress, reason: error.message });
    socket.destroy();
  });
  return server;
}
