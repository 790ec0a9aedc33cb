import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The packages whose files are inside the bundle, by name. */
export function packagesOf(paths) {
  const folders = new Set(paths.flatMap((path) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path)?.[0] ?? []));
  return [...folders].sort().map((folder) => ({ folder, ...JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) }));
}

/** The licences and notices of everything inside the bundle, as they ask to be passed on. */
export function licences(packages) {
  const notices = packages.map(({ folder, name, version, license }) => {
    const files = readdirSync(folder).filter((entry) => /^(?:licen[cs]e|copying|notice)/i.test(entry));
    const texts = files.sort().map((file) => readFileSync(join(folder, file), 'utf8').trim());
    return `${name} ${version}\n\n${texts.length === 0 ? `Licence: ${license}` : texts.join('\n\n')}\n`;
  });
  return `Parts of other packages are included in this program.\n\n${notices.join(`\n${'-'.repeat(80)}\n\n`)}`;
}

/** What the built program is made of and installs with it (CycloneDX 1.6); `lock`: package-lock.json. */
export function billOfMaterials({ name, version, license }, packages, lock) {
  const inside = packages.map((one) => ({ ...one, scope: 'required' }));
  const installed = installedWith(Object.keys(lock.packages[''].optionalDependencies), lock.packages);
  return {
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    version: 1,
    metadata: { component: { type: 'application', name, version, licenses: licensesOf(license), purl: purlOf(name, version) } },
    components: [...inside, ...installed].map((one) => ({
      type: 'library',
      name: one.name,
      version: one.version,
      scope: one.scope,
      ...hashesOf(lock.packages[`node_modules/${one.at ?? one.name}`]?.integrity),
      licenses: licensesOf(one.license),
      purl: purlOf(one.name, one.version),
    })),
  };
}

/** What npm installs beside the program, and what that needs. */
function installedWith(names, packages) {
  const found = new Map();
  const add = (at) => {
    const one = packages[`node_modules/${at}`];
    if (found.has(at) || one === undefined) return;
    found.set(at, { name: one.name ?? at, at, version: one.version, license: one.license, scope: 'optional' });
    Object.keys(one.dependencies ?? {}).forEach(add);
  };
  names.forEach(add);
  return [...found.values()];
}

function licensesOf(license) {
  return typeof license === 'string' ? [{ license: { id: license } }] : [];
}

function purlOf(name, version) {
  return `pkg:npm/${name.replace('@', '%40')}@${version}`;
}

/** npm's integrity is the hash of the archive, in Base64. */
function hashesOf(integrity) {
  const [, content] = /^sha512-(.+)$/.exec(integrity ?? '') ?? [];
  return content === undefined ? {} : { hashes: [{ alg: 'SHA-512', content: Buffer.from(content, 'base64').toString('hex') }] };
}
