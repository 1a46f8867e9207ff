import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));
const under = (folder: string): string[] =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md') && !/node_modules|^api\//.test(name))
    .map((name) => join(folder, name));
const PAGES = ['README.md', 'CONTRIBUTING.md', ...under('docs'), ...under('examples')];
const read = (path: string): string => readFileSync(join(root, path), 'utf8');
const prose = (text: string): string => text.replace(/^```[\s\S]*?^```/gm, '');

/** As GitHub makes them of headings. */
function anchorsIn(path: string): string[] {
  return [...prose(read(path)).matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) =>
    heading
      .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .replace(/\s/g, '-'),
  );
}

function brokenLinks(page: string): string[] {
  const links = [...prose(read(page)).matchAll(/\]\(([^)\s]+)\)/g)].map(([, link = '']) => link);
  return links.filter((link) => {
    if (/^https?:/.test(link)) return false;
    const [path = '', anchor] = link.split('#');
    const target = path === '' ? page : join(dirname(page), path);
    if (!existsSync(join(root, target))) return true;
    return anchor !== undefined && target.endsWith('.md') && !anchorsIn(target).includes(anchor);
  });
}

/** Paths are written from the page, from the root, or, in what tells of the sources, from src. */
function missingFiles(page: string): string[] {
  const names = [...read(page).matchAll(/(?<![\w./:@-])((?:[\w.-]+\/)+[\w.-]+\.(?:ts|mjs|md|proto))\b/g)];
  const found = (name: string): boolean =>
    [dirname(page), '', 'src'].some((folder) => existsSync(join(root, folder, name)));
  return names.map(([, name = '']) => name).filter((name) => !found(name));
}

const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };

describe.each(PAGES)('%s', (page) => {
  it('has no link that leads nowhere', () => {
    expect(brokenLinks(page)).toEqual([]);
  });
  it('names no file that is not there', () => {
    expect(missingFiles(page)).toEqual([]);
  });
  it('names no command that is not there', () => {
    const commands = [...read(page).matchAll(/npm run (?:-s )?([\w:-]+)/g)].map(([, name = '']) => name);
    expect(commands.filter((name) => !(name in scripts))).toEqual([]);
  });
});

it('every page of the guide, and every example, can be found from an index', () => {
  const guide = read('docs/guide/README.md');
  for (const page of readdirSync(join(root, 'docs/guide')).filter((name) => name !== 'README.md'))
    expect(guide).toContain(`](${page})`);
  const examples = read('examples/README.md');
  for (const { name } of readdirSync(join(root, 'examples'), { withFileTypes: true }).filter((entry) =>
    entry.isDirectory(),
  )) {
    expect(examples).toContain(`](${name}/README.md)`);
    expect(existsSync(join(root, 'examples', name, 'README.md'))).toBe(true);
  }
});
