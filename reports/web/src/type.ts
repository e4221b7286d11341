// How wide texts are in one font. To measure a text costs a microsecond or more, and of every label
// in view some twenty lengths would be tried: so each character is measured once and the widths are
// added up. Kerning and ligatures are ignored: they make texts narrower, not wider.
export class Type {
  private readonly widths = new Map<string, number>();
  constructor(private readonly context: CanvasRenderingContext2D, private readonly font: string) {}

  private of(character: string): number {
    let width = this.widths.get(character);
    if (width === undefined) {
      this.context.save();
      this.context.font = this.font;
      width = this.context.measureText(character).width;
      this.context.restore();
      this.widths.set(character, width);
    }
    return width;
  }

  width(text: string): number {
    let sum = 0;
    for (const character of text) sum += this.of(character);
    return sum;
  }

  /// As much of the text as fits, with an ellipsis if that is not all; nothing if that is too little.
  fitted(text: string, room: number): string {
    if (room < 12) return "";
    const ellipsis = this.of("…");
    let sum = 0, length = 0, cut = 0;  // `cut`: what still leaves room for the ellipsis
    for (const character of text) {
      sum += this.of(character);
      if (sum > room) return cut > 1 ? `${text.slice(0, cut)}…` : "";
      length += character.length;
      if (sum + ellipsis <= room) cut = length;
    }
    return text;
  }
}
