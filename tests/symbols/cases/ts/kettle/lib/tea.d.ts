import { Water } from "../index";
declare function tea(): tea.Cup;
declare namespace tea {
  interface Cup { drink(): Water; again: Cup }
  function steep(minutes: number): Cup;
}
export = tea;
