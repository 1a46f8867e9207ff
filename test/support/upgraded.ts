import { mergeMap, type OperatorFunction } from 'rxjs';
import type { Upgraded, UpgradeUpdate } from '../../src/connection/upgrade.js';

/** The end of an outbound upgrade, without the stages before it. */
export function upgradedOnly(): OperatorFunction<UpgradeUpdate, Upgraded> {
  return mergeMap((update) => (update.type === 'upgraded' ? [update.upgraded] : []));
}
