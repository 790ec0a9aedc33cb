import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { Folder } from './program.ts';

/** A certificate for 127.0.0.1 that vouches for itself. */
export function certificate(): { key: string; cert: string } {
  const folder = new Folder();
  try {
    const [key, cert] = [folder.at('key.pem'), folder.at('cert.pem')];
    const subject = ['-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1'];
    execFileSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', ...subject, '-keyout', key, '-out', cert], {
      stdio: 'ignore',
    });
    return { key: readFileSync(key, 'utf8'), cert: readFileSync(cert, 'utf8') };
  } finally {
    folder.remove();
  }
}
