// Owns the list of scenarios and what became of them.
// Never runs one twice: a scenario that fails sometimes fails.
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { target } from "./programs.js";

/** Runs scenarios in order. One that fails ends its own suite, as what follows builds on it, unless the suite's are independent. */
export async function runSuites(suites, { onfail }) {
  let passed = 0;
  const failures = [];
  for (const suite of suites) {
    let broken = false;
    for (const [name, scenario] of Object.entries(suite.scenarios)) {
      if (broken && !suite.independent) {
        failures.push({ name, error: `not run: an earlier part of "${suite.name}" failed` });
        console.log(`  not run  ${name}`);
        continue;
      }
      const began = Date.now();
      try {
        await scenario();
        passed += 1;
        console.log(`  passed   ${name} (${seconds(began)})`);
      } catch (error) {
        broken = true;
        failures.push({ name, error: String(error?.stack ?? error) });
        console.log(`  FAILED   ${name} (${seconds(began)})\n           ${String(error?.stack ?? error).replaceAll("\n", "\n           ")}`);
        await onfail(name).catch(() => {});
      }
    }
    await suite.close?.().catch(() => {});
  }
  const report = { passed, failed: failures.length, failures };
  const file = process.env.DESKTOP_REPORT ?? join(target, "desktop-report.json");
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, `${JSON.stringify(report, null, 2)}\n`);
  console.log(`window tests: ${report.passed} passed, ${report.failed} failed`);
  return report;
}

const seconds = (began) => `${((Date.now() - began) / 1000).toFixed(1)} s`;
