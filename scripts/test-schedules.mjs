// Many more random schedules of the dialer than `npm test` plays, from another seed each time. To play one again:
// RX_LIBP2P_SEED=… RX_LIBP2P_PATH=… npm run test:schedules
import { spawnSync } from 'node:child_process';

process.env.RX_LIBP2P_SCHEDULES ??= '100000';
const command = 'npm run test:unit -- test/swarm/dial-schedules';
const { status } = spawnSync(command, { stdio: 'inherit', shell: true });
process.exit(status ?? 1);
