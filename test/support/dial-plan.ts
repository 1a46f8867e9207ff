/** Plans for tests of strategies: addresses as text, and what comes out as text too. */
import { NEVER, VirtualTimeScheduler } from 'rxjs';
import type { DialContext, DialOptions, DialPlan, PlannedDial } from '../../src/core/dial-contract.js';
import { codeOf } from '../../src/core/errors.js';
import { parseMultiaddr } from '../../src/core/multiaddr.js';
import { peerIdFrom } from '../../src/core/peer-id.js';

export const PEER = 'QmYyQSo1c1Ym7orWxLYvCrM2EmxFTANf8wXmmE7DWjhx5N';
const peer = peerIdFrom(PEER);
const CONTEXT: DialContext = {
  scheduler: new VirtualTimeScheduler(),
  resolve: () => NEVER,
  isBlackHoled: () => false,
  canDial: () => true,
};

export function dials(addrs: Readonly<Record<string, number>>): PlannedDial[] {
  return Object.entries(addrs).map(([addr, delayMs]) => ({ addr: parseMultiaddr(addr), delayMs }));
}

export function planOf(
  addrs: readonly string[] | Readonly<Record<string, number>>,
  options: DialOptions = {},
  context: Partial<DialContext> = {},
): DialPlan {
  // `Array.isArray` does not narrow readonly arrays.
  const delays = Array.isArray(addrs)
    ? Object.fromEntries((addrs as readonly string[]).map((addr) => [addr, 0]))
    : (addrs as Readonly<Record<string, number>>);
  return { peer, options, dials: dials(delays), refused: [], context: { ...CONTEXT, ...context } };
}

/** What a plan says, as text: `addr delay` for each dial, and `addr CODE` for each refusal. */
export function shown(plan: DialPlan): { dials: string[]; refused: string[] } {
  return {
    dials: listed(plan.dials),
    refused: plan.refused.map(({ addr, error }) => `${addr.toString()} ${codeOf(error)}`),
  };
}

export function listed(planned: readonly PlannedDial[]): string[] {
  return planned.map(({ addr, delayMs }) => `${addr.toString()} ${String(delayMs)}`);
}
