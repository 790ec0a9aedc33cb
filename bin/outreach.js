#!/usr/bin/env -S node --
import { main } from '../dist/main.js';

await main(process.argv);
