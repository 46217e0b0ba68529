/// The page's style sheet.
enum PageStyle {
    static let rules = Markup.Code(
        """
        *{box-sizing:border-box}
        html{color-scheme:light dark}
        body{margin:0;background:var(--page);color:var(--ink);font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans","DejaVu Sans",sans-serif;-webkit-text-size-adjust:100%}
        main,.top,.foot{max-width:1160px;margin:0 auto;padding:0 20px}
        .top{padding-top:32px}
        h1{font-size:1.75rem;line-height:1.2;margin:0 0 4px;overflow-wrap:anywhere}
        h2{font-size:1.25rem;margin:44px 0 4px;padding-top:14px;border-top:1px solid var(--rule)}
        h3{font-size:1rem;margin:0 0 2px}
        p{margin:6px 0;max-width:76ch}
        .lead,.note,.caption,.foot{color:var(--muted)}
        .note,.caption,.foot{font-size:.85rem}
        .caption{margin:6px 0 0;max-width:90ch}
        a{color:var(--link)}
        nav ul{list-style:none;display:flex;flex-wrap:wrap;gap:2px 16px;margin:12px 0 0;padding:0;font-size:.9rem}
        :focus-visible{outline:2px solid var(--link);outline-offset:2px}
        .warning{border-left:4px solid var(--c1);background:var(--panel);padding:8px 14px;margin:16px 0;max-width:none}
        .tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(180px,1fr));gap:12px;margin:20px 0 0;padding:0;list-style:none}
        .tiles li{background:var(--panel);border-radius:8px;padding:12px 14px}
        .tiles .name{display:block;color:var(--muted);font-size:.8rem}
        .tiles .value{display:block;font-size:1.45rem;font-weight:600;line-height:1.3;font-variant-numeric:tabular-nums}
        .tiles .more{display:block;color:var(--muted);font-size:.8rem}
        .grid{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,500px),1fr));gap:28px 32px;margin-top:16px}
        figure{margin:16px 0 0;min-width:0;break-inside:avoid}
        .grid figure{margin:0}
        .scroll{overflow-x:auto}
        svg{display:block;width:100%;height:auto;font:12px system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans","DejaVu Sans",sans-serif}
        svg.half{min-width:460px;max-width:700px}
        svg.full{min-width:860px}
        svg text{fill:var(--muted);paint-order:stroke;stroke:var(--page);stroke-width:3px;stroke-linejoin:round}
        svg text.strong{fill:var(--ink);font-weight:600}
        svg text.on{fill:var(--on);stroke:none}
        .axis{stroke:var(--muted);fill:none}
        .grid-line{stroke:var(--rule);fill:none}
        .line{fill:none;stroke-width:2;stroke-linejoin:round}
        .faint{fill:none;stroke-width:1;opacity:.55}
        .dashed{fill:none;stroke-width:1.5;stroke-dasharray:6 4}
        .cloud{stroke:var(--cloud);stroke-width:3;stroke-linecap:round;fill:none;opacity:.55}
        .other{stroke:var(--cloud);stroke-width:1;fill:none;opacity:.3}
        .whisker{stroke:var(--ink);stroke-width:1.5;fill:none}
        .edge{stroke:var(--page);stroke-width:1}
        .ring{fill:none;stroke:var(--ink);stroke-width:2}
        .m{cursor:default}
        .m:hover,.m.now{stroke:var(--ink);stroke-width:2}
        path.m:hover,path.m.now{stroke-width:3.5;opacity:1}
        .legend{list-style:none;display:flex;flex-wrap:wrap;gap:2px 16px;margin:2px 0 6px;padding:0;font-size:.83rem;color:var(--muted)}
        .legend svg{display:inline-block;width:14px;height:12px;min-width:0;margin-right:5px;vertical-align:-1px}
        .flag{display:inline-block;border:1px solid currentColor;border-radius:9px;padding:0 7px;font-size:.75rem;line-height:1.45;color:var(--muted);white-space:nowrap}
        .flag.estimated{color:var(--c1);font-weight:600}
        table{border-collapse:collapse;font-size:.85rem;font-variant-numeric:tabular-nums;margin:8px 0}
        caption{text-align:left;color:var(--muted);padding-bottom:4px}
        th,td{padding:4px 12px 4px 0;text-align:right;vertical-align:top;border-bottom:1px solid var(--rule)}
        th{font-weight:600}
        thead th{vertical-align:bottom;border-bottom-color:var(--muted)}
        .words,th:first-child,td:first-child{text-align:left}
        td.number{white-space:nowrap}
        td.words:last-child{overflow-wrap:anywhere;min-width:24em}
        tr.knee{background:var(--panel)}
        th button{all:unset;cursor:pointer;font:inherit}
        th button:focus-visible{outline:2px solid var(--link);outline-offset:2px}
        th button::after{content:" ↕";color:var(--muted);font-weight:400}
        th[aria-sort=ascending] button::after{content:" ↑";color:var(--ink)}
        th[aria-sort=descending] button::after{content:" ↓";color:var(--ink)}
        .meter{display:block;height:4px;margin-top:2px;background:var(--rule);border-radius:2px}
        .meter svg{min-width:0;height:4px}
        details{margin:10px 0}
        summary{cursor:pointer;color:var(--link);font-size:.9rem}
        code{font:.85em ui-monospace,"DejaVu Sans Mono",Menlo,Consolas,monospace;overflow-wrap:anywhere}
        #tip{position:absolute;z-index:2;max-width:340px;background:var(--ink);color:var(--page);border-radius:6px;padding:6px 10px;font-size:.82rem;white-space:pre-line;pointer-events:none}
        #tip[hidden]{display:none}
        .foot{margin-top:48px;padding-bottom:32px}
        @media (max-width:520px){main,.top,.foot{padding-left:14px;padding-right:14px}h1{font-size:1.4rem}.tiles{grid-template-columns:1fr 1fr}}
        @media print{
        body{font-size:10.5pt}main,.top,.foot{max-width:none;padding:0}nav,#tip{display:none}
        *{print-color-adjust:exact;-webkit-print-color-adjust:exact}
        .scroll{overflow:visible}svg.half,svg.full{min-width:0}
        .grid{grid-template-columns:1fr 1fr;gap:18px}
        h2,h3{break-after:avoid}tr,.tiles li{break-inside:avoid}thead{display:table-header-group}
        th button::after{content:none}
        }
        @page{margin:14mm}
        """)

    /// Classes that give marks the colours of series.
    static let series = Markup.Code(
        """
        .f0{fill:var(--c0)}.f1{fill:var(--c1)}.f2{fill:var(--c2)}.f3{fill:var(--c3)}.f4{fill:var(--c4)}
        .f5{fill:var(--c5)}.f6{fill:var(--c6)}.f7{fill:var(--c7)}.f8{fill:var(--c8)}.f9{fill:var(--c9)}
        .s0{stroke:var(--c0)}.s1{stroke:var(--c1)}.s2{stroke:var(--c2)}.s3{stroke:var(--c3)}.s4{stroke:var(--c4)}
        .s5{stroke:var(--c5)}.s6{stroke:var(--c6)}.s7{stroke:var(--c7)}.s8{stroke:var(--c8)}.s9{stroke:var(--c9)}
        """)

    /// All of it: printing takes the light colours.
    static var sheet: Markup {
        .tag(
            "style", [:],
            [
                .code(Markup.Code(":root{")), .code(Markup.Code(Palette.light)), .code(Markup.Code("}\n")),
                .code(Markup.Code("@media screen and (prefers-color-scheme:dark){:root{")),
                .code(Markup.Code(Palette.dark)), .code(Markup.Code("}}\n")), .code(rules), .code(Markup.Code("\n")),
                .code(series),
            ])
    }
}
