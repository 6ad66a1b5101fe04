// Owns scrolling a timeline by a person's steps and watching every frame: what was blank, what moved by itself.
// Never judges; it counts.

/** Steps of one call: a script may not run for ever. */
const CALL = 20;

/** Scrolls `steps` times by `by` pixels, a step for each two frames. */
export async function scrollThrough(page, steps, by) {
  const said = { steps: 0, blanks: 0, jumps: [], elements: 0, rows: 0, seen: 0, slow: 0, frames: 0 };
  while (said.steps < steps) {
    const part = await some(page, Math.min(CALL, steps - said.steps), by);
    for (const name of ["steps", "blanks", "seen", "slow", "frames"]) said[name] += part[name];
    for (const name of ["elements", "rows"]) said[name] = Math.max(said[name], part[name]);
    said.jumps.push(...part.jumps);
  }
  return said;
}

function some(page, steps, by) {
  return page.script(
    async (count, pixels) => {
      const scroller = document.querySelector('[data-testid="timeline"]');
      const frame = () => new Promise((done) => requestAnimationFrame(done));
      const view = scroller.getBoundingClientRect();
      const rows = () => [...scroller.querySelectorAll("[data-message]")].map((row) => [row.dataset.message, row.getBoundingClientRect()]);
      const tops = () => new Map(rows().flatMap(([id, box]) => (box.bottom > view.top && box.top < view.bottom ? [[id, box.top]] : [])));
      const said = { steps: 0, blanks: 0, jumps: [], elements: 0, rows: 0, seen: 0, slow: 0, frames: 0 };
      const seen = new Set();
      let before = tops();
      for (const id of before.keys()) seen.add(id);
      let now = performance.now();
      for (let step = 0; step < count; step += 1) {
        const from = scroller.scrollTop;
        scroller.scrollTop = from + pixels;
        const moved = scroller.scrollTop - from;
        for (const _ of [0, 1]) {
          await frame();
          said.frames += 1;
          if (performance.now() - now > 50) said.slow += 1;
          now = performance.now();
        }
        const after = tops();
        for (const [id, top] of after) {
          seen.add(id);
          const was = before.get(id);
          if (was !== undefined && Math.abs(top - (was - moved)) > 2) {
            said.jumps.push({ step, id, by: Math.round(top - (was - moved)) });
            break;
          }
        }
        // Between the first and the last row that can be seen, and up to the edges, nothing may be empty.
        const boxes = [...scroller.querySelectorAll("[data-message], [role='separator'], .aside")].map((row) => row.parentElement.getBoundingClientRect());
        for (let y = view.top + 20; y < view.bottom - 20; y += 40) {
          if (!boxes.some((box) => box.top <= y && box.bottom >= y)) {
            said.blanks += 1;
            break;
          }
        }
        said.elements = Math.max(said.elements, scroller.querySelectorAll("*").length);
        said.rows = Math.max(said.rows, boxes.length);
        said.steps += 1;
        before = after;
      }
      said.seen = seen.size;
      return said;
    },
    steps,
    by,
  );
}
