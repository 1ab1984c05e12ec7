// The map's geometry. Points lie in 0..1 both ways; a camera says where they come on the screen, in pixels.

export interface Camera {
  /** Pixels for the whole width of the map. */
  scale: number;
  /** Screen place of the map's corner 0, 0. */
  x: number;
  y: number;
}

export interface Place2 {
  x: number;
  y: number;
}

export interface Box {
  left: number;
  right: number;
  top: number;
  bottom: number;
}

const MOST_ZOOM = 60;

/** The smallest box that holds all points. */
export function bounds(xs: readonly number[], ys: readonly number[]): Box {
  const box = { left: 1, right: 0, top: 1, bottom: 0 };
  for (const x of xs) [box.left, box.right] = [Math.min(box.left, x), Math.max(box.right, x)];
  for (const y of ys) [box.top, box.bottom] = [Math.min(box.top, y), Math.max(box.bottom, y)];
  return box;
}

/** The camera that shows all of `box` inside `width` × `height`, with a margin, in the middle. */
export function fitted(width: number, height: number, box: Box, margin = 48): Camera {
  const across = Math.max(0.05, box.right - box.left);
  const down = Math.max(0.05, box.bottom - box.top);
  const scale = Math.max(50, Math.min((width - 2 * margin) / across, (height - 2 * margin) / down));
  return { scale, x: width / 2 - (scale * (box.left + box.right)) / 2, y: height / 2 - (scale * (box.top + box.bottom)) / 2 };
}

export function toScreen(camera: Camera, point: Place2): Place2 {
  return { x: camera.x + point.x * camera.scale, y: camera.y + point.y * camera.scale };
}

export function toMap(camera: Camera, place: Place2): Place2 {
  return { x: (place.x - camera.x) / camera.scale, y: (place.y - camera.y) / camera.scale };
}

/** Zooms by `factor` so that what lies at `at` on the screen stays there. */
export function zoomed(camera: Camera, at: Place2, factor: number, least: number): Camera {
  const scale = Math.min(least * MOST_ZOOM, Math.max(least * 0.8, camera.scale * factor));
  const ratio = scale / camera.scale;
  return { scale, x: at.x - (at.x - camera.x) * ratio, y: at.y - (at.y - camera.y) * ratio };
}

export function moved(camera: Camera, dx: number, dy: number): Camera {
  return { ...camera, x: camera.x + dx, y: camera.y + dy };
}

/** Finds points by place: a grid of buckets, built once for a map. */
export class Grid {
  #cells = new Map<number, number[]>();
  #size: number;

  constructor(
    private readonly xs: readonly number[],
    private readonly ys: readonly number[],
  ) {
    this.#size = Math.max(1, Math.ceil(Math.sqrt(xs.length)));
    for (let index = 0; index < xs.length; index++) {
      const cell = this.#cell(this.#column(xs[index] ?? 0), this.#column(ys[index] ?? 0));
      const members = this.#cells.get(cell);
      if (members) members.push(index);
      else this.#cells.set(cell, [index]);
    }
  }

  /** Index of the point nearest to `at` that is at most `radius` away, or -1. */
  nearest(at: Place2, radius: number): number {
    let best = -1;
    let least = radius * radius;
    for (let column = this.#column(at.x - radius); column <= this.#column(at.x + radius); column++) {
      for (let row = this.#column(at.y - radius); row <= this.#column(at.y + radius); row++) {
        for (const index of this.#cells.get(this.#cell(column, row)) ?? []) {
          const distance = ((this.xs[index] ?? 0) - at.x) ** 2 + ((this.ys[index] ?? 0) - at.y) ** 2;
          if (distance <= least) [best, least] = [index, distance];
        }
      }
    }
    return best;
  }

  /** The next point from `index` in a direction: near, and not far off the straight line. -1 where there is none. */
  beside(index: number, dx: number, dy: number): number {
    const x = this.xs[index] ?? 0.5;
    const y = this.ys[index] ?? 0.5;
    let best = -1;
    let least = Infinity;
    for (let other = 0; other < this.xs.length; other++) {
      const along = ((this.xs[other] ?? 0) - x) * dx + ((this.ys[other] ?? 0) - y) * dy;
      const aside = Math.abs(((this.xs[other] ?? 0) - x) * dy) + Math.abs(((this.ys[other] ?? 0) - y) * dx);
      if (other === index || along <= 1e-6 || aside > along) continue;
      const cost = along + 2 * aside;
      if (cost < least) [best, least] = [other, cost];
    }
    return best;
  }

  #column(value: number): number {
    return Math.min(this.#size - 1, Math.max(0, Math.floor(value * this.#size)));
  }

  #cell(column: number, row: number): number {
    return row * this.#size + column;
  }
}
