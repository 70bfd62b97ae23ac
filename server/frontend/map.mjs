// The map of the OSCE area, from Vancouver to Vladivostok: the countries of Natural Earth as paths of SVG.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { geoArea, geoAzimuthalEqualArea, geoContains, geoPath } from "d3-geo";
import { feature, mergeArcs } from "topojson-client";
import { filter, filterWeight, presimplify, simplify, sphericalRingArea, sphericalTriangleArea } from "topojson-simplify";

const ATLAS = createRequire(import.meta.url).resolve("world-atlas/countries-50m.json");

const [WIDTH, HEIGHT] = [1000, 640];
const PROJECTION = { type: "azimuthalEqualArea", rotate: [-10, -65, 0], scale: 385, translate: [500, 370] };

/** What is too small to be drawn, in square units of the picture: a corner, an island, a country but for its centre. */
const SMALL = { corner: 2, island: 2.5, country: 5 };

/** A place in each territory that Natural Earth draws as held by others, and the country it is of in ISO 3166. */
const GIVEN = [
  { place: [34.1, 44.95], country: "804" }, // Crimea
  { place: [33.6, 35.3], country: "196" }, // the north of Cyprus
];

/**
 * Returns the view box, the projection, and each country by its ISO 3166-1 number, or by its name if it has none:
 * its name, its path (empty for a small one) and the centre of the largest part of it.
 */
export function map() {
  const world = merged(JSON.parse(readFileSync(ATLAS, "utf8")));
  const coarse = new Map(shapes(simplified(world)).map((shape) => [shape.id, shape]));
  const projection = geoAzimuthalEqualArea()
    .rotate(PROJECTION.rotate)
    .scale(PROJECTION.scale)
    .translate(PROJECTION.translate)
    .clipAngle(120);
  const countries = {};
  for (const shape of shapes(world)) {
    const centre = geoPath(projection).centroid(largest(shape)).map(rounded);
    const path = area(shape) < SMALL.country ? "" : outline(projection, coarse.get(shape.id));
    if (path || inside(centre)) countries[shape.id] = { name: shape.properties.name, path, centre };
  }
  return { viewBox: [0, 0, WIDTH, HEIGHT], projection: PROJECTION, countries };
}

/** An atlas with one geometry for each country, in the order of their keys. */
function merged(atlas) {
  const polygons = {};
  const names = {};
  for (const { id, properties, type, arcs } of atlas.objects.countries.geometries) {
    const own = id ?? properties.name;
    names[own] ??= properties.name;
    for (const each of type === "Polygon" ? [arcs] : arcs) {
      const polygon = { type: "Polygon", arcs: each };
      const shape = feature(atlas, polygon);
      const key = GIVEN.find(({ place }) => geoContains(shape, place))?.country ?? own;
      (polygons[key] ??= []).push(polygon);
    }
  }
  const geometries = Object.keys(polygons)
    .sort()
    .map((id) => ({ ...mergeArcs(atlas, polygons[id]), id, properties: { name: names[id] } }));
  return { ...atlas, objects: { countries: { type: "GeometryCollection", geometries } } };
}

/** A world without what is too small to be seen: the projection keeps areas, so that those on the sphere tell. */
function simplified(world) {
  const unit = PROJECTION.scale ** -2;
  const simple = simplify(presimplify(world, sphericalTriangleArea), SMALL.corner * unit);
  return filter(simple, filterWeight(simple, SMALL.island * unit, sphericalRingArea));
}

function shapes(world) {
  return feature(world, world.objects.countries).features;
}

/** The area of a shape in square units of the picture. */
function area(shape) {
  return geoArea(shape) * PROJECTION.scale ** 2;
}

function largest(shape) {
  const polygons = shape.geometry.coordinates.map((coordinates) => ({ type: "Polygon", coordinates }));
  return polygons.reduce((a, b) => (geoArea(a) < geoArea(b) ? b : a));
}

function inside([x, y]) {
  return x > 0 && x < WIDTH && y > 0 && y < HEIGHT;
}

/** The path of what the picture shows of a shape. */
function outline(projection, shape) {
  const pen = new Pen();
  const edges = [[-5, -5], [WIDTH + 5, HEIGHT + 5]];
  geoPath(projection.clipExtent(edges), pen)(shape);
  projection.clipExtent(null);
  return pen.path;
}

/** What `geoPath` draws with: writes a path of relative steps in tenths, which is short. */
class Pen {
  path = "";

  moveTo(x, y) {
    this.last = [x, y].map(tenths);
    this.path += `M${this.last.map(written).join(" ")}l`;
  }

  lineTo(x, y) {
    const here = [x, y].map(tenths);
    const step = here.map((each, i) => each - this.last[i]);
    if (step.some(Boolean)) this.path += step.map(written).map((each) => each.replace(/^(?!-)/, " ")).join("");
    this.last = here;
  }

  closePath() {
    this.path += "z";
  }
}

const tenths = (value) => Math.round(value * 10);
const rounded = (value) => tenths(value) / 10;
const written = (value) => String(value / 10).replace(/^(-?)0\./, "$1.");
