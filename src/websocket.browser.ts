export { webSocket } from './transports/websocket/websocket.browser.js';
export type { WebSocketOptions } from './transports/websocket/websocket.browser.js';
