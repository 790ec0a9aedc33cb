import { execFileSync } from 'node:child_process';

/** The end-to-end tests run the program as users get it. */
export default function setup(): void {
  execFileSync('npm', ['run', '--silent', 'build'], { stdio: 'inherit' });
}
