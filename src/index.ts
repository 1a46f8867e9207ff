/** The door on Node: what is everywhere, and what only Node has. */
export * from './everywhere.js';
export { createHost } from './host/create-host.js';
export { quic } from './transports/quic/quic.js';
export type { QuicOptions } from './transports/quic/quic.js';
export { tcp } from './transports/tcp.js';
export type { TcpOptions } from './transports/tcp.js';
export { tls } from './transports/tls/tls.js';
export { webSocket } from './transports/websocket/websocket.js';
export type { WebSocketOptions } from './transports/websocket/websocket.js';
