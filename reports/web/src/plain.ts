// A page without a script has the style alone.
import "./page.css";
