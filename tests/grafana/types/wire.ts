// Grafana's published types as they are on the wire: an enum is its text or number, what has a default may be absent,
// and null stands where JSON has no number.
import type {
  AnnotationQuery, Dashboard, DashboardLink, FieldConfig, GraphFieldConfig, MapLayerOptions, OptionsWithLegend,
  OptionsWithTooltip, Panel, SingleStatBaseOptions, TableFieldOptions, TableSortByFieldState, VariableModel,
  BigValueColorMode, BigValueGraphMode, BigValueJustifyMode, BigValueTextMode, VisibilityMode, DataTransformerConfig,
} from "@grafana/schema";

type Wire<T> = unknown extends T ? T
  : T extends string ? `${T}`
  : T extends number ? T | null
  : T extends boolean ? T
  : T extends Array<infer Item> ? Array<Wire<Item>>
  : { [Key in keyof T]?: Wire<T[Key]> };

type Of<Kind extends string, Options, Custom> =
  Omit<Wire<Panel>, "type" | "options" | "fieldConfig" | "targets" | "transformations" | "id" | "gridPos"> & {
    id: number;
    type: Kind;
    gridPos: { x: number; y: number; w: number; h: number };
    options: Wire<Options>;
    fieldConfig: {
      defaults: Omit<Wire<FieldConfig>, "custom" | "mappings"> & { custom?: Wire<Custom>; mappings?: Wire<FieldConfig["mappings"]> };
      overrides: Wire<Panel["fieldConfig"]["overrides"]>;
    };
    targets: Target[];
    transformations: DataTransformerConfig[];
  };

// Published with the plug-ins and not with the types: keys of the queries of the InfluxDB source.
type Target = {
  datasource: { type: "influxdb"; uid: string };
  query: string;
  rawQuery: true;
  refId: string;
  resultFormat: "time_series" | "table";
  alias?: string;
  select?: Array<Array<{ type: "field"; params: [string] }>>;
  hide?: boolean;
};
type Stat = SingleStatBaseOptions & {
  colorMode: BigValueColorMode; graphMode: BigValueGraphMode; justifyMode: BigValueJustifyMode; textMode: BigValueTextMode;
};
type Table = { showHeader: boolean; sortBy: TableSortByFieldState[] };
type Timeline = OptionsWithLegend & { mergeValues: boolean; showValue: VisibilityMode; rowHeight: number };
type Map = {
  view: { id: string; lat: number; lon: number; zoom: number; allLayers: boolean; layer: string };
  basemap: MapLayerOptions;
  layers: MapLayerOptions[];
  controls: { showZoom: boolean; mouseWheelZoom: boolean; showAttribution: boolean; showScale: boolean };
  tooltip: { mode: "none" | "details" };
};
type Variable = Wire<VariableModel> & {
  current: { selected?: boolean; text?: string | string[]; value?: string | string[] };
  definition?: string; refresh?: 0 | 1 | 2; sort?: number; multi?: boolean; includeAll?: boolean; allValue?: string;
  options?: { selected: boolean; text: string; value: string }[];
};
type Mark = Omit<Wire<AnnotationQuery>, "target"> & {
  target: Target & { name: string; fromAnnotations: true; textColumn: string; tagsColumn: string };
};

export type Board = Omit<Wire<Dashboard>, "panels" | "templating" | "annotations" | "links"> & {
  timepicker: {};
  annotations: { list: Mark[] };
  links: Wire<DashboardLink>[];
  templating: { list: Variable[] };
  panels: (
    | Of<"stat", Stat, {}>
    | Of<"timeseries", OptionsWithLegend & OptionsWithTooltip, GraphFieldConfig>
    | Of<"table", Table, TableFieldOptions & { filterable: boolean }>
    | Of<"geomap", Map, {}>
    | Of<"state-timeline", Timeline, { lineWidth: number; fillOpacity: number; spanNulls: boolean | number }>
  )[];
};
