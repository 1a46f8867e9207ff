// Runs the interop tests: installs js-libp2p and builds the go-libp2p peer first. Without Go its half is skipped, and says
// so, unless RX_LIBP2P_INTEROP=required.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const here = fileURLToPath(new URL('.', import.meta.url));
const root = fileURLToPath(new URL('../..', import.meta.url));
const required = process.env.RX_LIBP2P_INTEROP === 'required';

function run(command, args, cwd, env = {}) {
  return spawnSync(command, args, { cwd, stdio: 'inherit', env: { ...process.env, ...env } }).status ?? 1;
}

const peers = [];
const hasGo = spawnSync('go', ['version']).status === 0;
if (hasGo) {
  console.log('building the go-libp2p peer …');
  if (run('go', ['build', '-o', 'bin/peer', '.'], `${here}go`) !== 0) process.exit(1);
  if (run('go', ['build', '-o', 'bin/quic-certs', './quic-certs'], `${here}go`) !== 0) process.exit(1);
  peers.push('go');
} else if (required) {
  console.error('interop: Go is required, and there is none');
  process.exit(1);
} else console.log('interop: there is no Go here, so the half with go-libp2p is SKIPPED');

if (!existsSync(`${here}js/node_modules/libp2p`)) {
  console.log('installing js-libp2p …');
  if (run('npm', ['ci', '--no-audit', '--no-fund'], `${here}js`) !== 0) process.exit(1);
}
peers.push('js');

const jest = [
  '--experimental-vm-modules',
  '--disable-warning=ExperimentalWarning',
  'node_modules/jest/bin/jest.js',
];
const args = [...jest, '--config', 'test/interop/jest.config.js', ...process.argv.slice(2)];
process.exit(run(process.execPath, args, root, { RX_LIBP2P_INTEROP_PEERS: peers.join(',') }));
