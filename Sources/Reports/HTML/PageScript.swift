/// What a page does beyond being read: tables sort, marks show their values under the pointer and to the arrow keys.
enum PageScript {
    static let code = Markup.Code(
        #"""
        "use strict";
        (() => {
          const tip = document.getElementById("tip");
          let now = null;
          const hide = () => { tip.hidden = true; if (now) now.classList.remove("now"); now = null; };
          const show = (mark, x, y) => {
            if (now && now !== mark) now.classList.remove("now");
            now = mark;
            mark.classList.add("now");
            tip.textContent = mark.getAttribute("aria-label");
            tip.hidden = false;
            const room = document.documentElement;
            const left = Math.min(x + 14, room.clientWidth - tip.offsetWidth - 8);
            const below = y + 16 + tip.offsetHeight < room.clientHeight;
            tip.style.left = scrollX + Math.max(8, left) + "px";
            tip.style.top = scrollY + (below ? y + 16 : Math.max(8, y - tip.offsetHeight - 12)) + "px";
          };
          for (const chart of document.querySelectorAll("svg.chart")) {
            const marks = Array.from(chart.querySelectorAll(".m"));
            for (const mark of marks) {
              const title = mark.querySelector("title");
              if (!title) continue;
              mark.setAttribute("aria-label", title.textContent);
              title.remove();
            }
            if (!marks.length) continue;
            chart.addEventListener("pointermove", event => {
              const mark = event.target.closest(".m");
              if (mark) show(mark, event.clientX, event.clientY); else hide();
            });
            chart.addEventListener("pointerleave", hide);
            chart.setAttribute("tabindex", "0");
            let place = -1;
            chart.addEventListener("keydown", event => {
              const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
              if (event.key === "Escape") return hide();
              if (!step) return;
              event.preventDefault();
              place = (place + step + marks.length) % marks.length;
              const box = marks[place].getBoundingClientRect();
              show(marks[place], box.left + box.width / 2, box.top + box.height / 2);
            });
            chart.addEventListener("blur", hide);
          }
          for (const table of document.querySelectorAll("table.sortable")) {
            const body = table.tBodies[0];
            const heads = Array.from(table.tHead.rows[0].cells);
            heads.forEach((head, column) => {
              const button = document.createElement("button");
              button.type = "button";
              button.append(...head.childNodes);
              head.append(button);
              button.addEventListener("click", () => {
                const up = head.getAttribute("aria-sort") !== "ascending";
                for (const other of heads) other.removeAttribute("aria-sort");
                head.setAttribute("aria-sort", up ? "ascending" : "descending");
                const key = row => {
                  const cell = row.cells[column];
                  const value = cell.dataset.v ?? cell.textContent;
                  return value === "" ? null : isNaN(value) ? value : Number(value);
                };
                const rows = Array.from(body.rows, row => [key(row), row]);
                rows.sort(([a], [b]) => {
                  if (a === null || b === null) return (a === null) - (b === null);
                  const order = typeof a === typeof b ? (a < b ? -1 : a > b ? 1 : 0) : typeof a === "number" ? -1 : 1;
                  return up ? order : -order;
                });
                body.append(...rows.map(([, row]) => row));
              });
            });
          }
          addEventListener("beforeprint", () => {
            for (const part of document.querySelectorAll("details:not([open])")) {
              part.open = true;
              part.dataset.opened = "";
            }
          });
          addEventListener("afterprint", () => {
            for (const part of document.querySelectorAll("details[data-opened]")) {
              part.open = false;
              delete part.dataset.opened;
            }
          });
          document.documentElement.dataset.ready = "";
        })();
        """#)
}
