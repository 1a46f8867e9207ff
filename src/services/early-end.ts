/**
 * Whose responders take a half-close that travels with an unanswered proposal: open, write and end then leave at once. A
 * js-libp2p responder misses one that comes before its handler runs, and programs on it give themselves names of their
 * own, so only the names of those are trusted that are known to take it. @source js-libp2p 3, stream handlers; go-multistream, lazy clients
 */
const TAKES_EARLY_END = /^(rx-libp2p|go-libp2p|kubo|rust-libp2p|github\.com\/[\w.-]+)(\/|$)/;

export function takesEarlyEnd(agentVersion: string): boolean {
  return TAKES_EARLY_END.test(agentVersion);
}
