/**
 * `npm run test:setup`: provides the programs that the tests run. `npm test` does so by itself, and
 * `npm run test:fast` needs nothing but what is there.
 */
import { provideAll } from "./test/provide.ts";

provideAll();
