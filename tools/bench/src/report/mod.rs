//! The report of a run: `docs/performance.md` with its plot, and the targets for the terminal. Nothing in it is
//! typed by hand.

mod cost;
mod figures;
mod goal;
mod goals;
mod plot;
mod tables;

use std::fmt::Write;
use std::fs;
use std::io;
use std::path::Path;

use crate::results::Results;
use crate::rounds::PEER_ROUNDS;
use figures::Figures;

/// Writes the page and the plot beside it. Answers with the table of targets.
pub fn write(results: &Results, root: &Path, page: &Path) -> io::Result<String> {
    let figures = Figures::of(results);
    let goals = goal::table(&goals::goals(&figures));
    let counts = cost::counts(&root.join("benches/instructions.toml"))?;
    let plot = page.with_extension("svg");
    let sections = [
        head(results),
        format!("## Targets\n\n{GOALS}\n\n{goals}"),
        peers(results, &figures),
        format!(
            "## Side by side\n\n![Requests a second, and latency added]({})\n",
            name(&plot)
        ),
        tables::latency(&figures),
        tables::throughput(&figures),
        tables::streams(&figures),
        tables::memory(&figures),
        tables::failures(&figures),
        cost::features(&figures),
        cost::pieces(&counts),
        cost::scaling(&figures),
    ];
    let text: Vec<&str> = sections
        .iter()
        .map(|s| s.trim())
        .filter(|s| !s.is_empty())
        .collect();
    fs::write(page, text.join("\n\n") + "\n")?;
    fs::write(&plot, plot::draw(&figures))?;
    Ok(goals)
}

const GOALS: &str = "\
The router has everything on: keys, rate limits, routing, the context guard, and for paid models a hold before and
a durable charge after every request. Ratios are to nginx, which has nothing to do but to pass bytes on, in the same
round. The first token of 200 streams is compared as it comes, with what it takes without a gateway: nginx adds too
little there to divide by.";

fn head(results: &Results) -> String {
    let machine = &results.machine;
    let nginx = if machine.nginx.is_empty() {
        "no nginx"
    } else {
        &machine.nginx
    };
    let before = if machine.real_time {
        "Both go before all\nother work of the machine (`SCHED_RR`)."
    } else {
        "Both share\ntheir cores with whatever else runs."
    };
    let missing: String = results
        .missing
        .iter()
        .fold(String::new(), |mut text, line| {
            // Writing to a String cannot fail.
            let _ = writeln!(text, "\nLeft out: {line}.");
            text
        });
    format!(
        "# Performance\n\n\
         What model-router adds to a request, beside nginx as a plain reverse proxy, beside no gateway at all, and beside\n\
         other gateways where they are installed. This page is written by `make bench`; do not edit it.\n\n\
         ## Method\n\n\
         A scripted upstream answers in the formats of OpenAI, Anthropic and Google as fast as it is asked to. It and the\n\
         load generator share one core, the gateway that is measured has the other, the rest are paused, and\n\
         everything is on loopback. {before}\n\
         Each step is run on every target in turn, {} round{} of the suite \"{}\"; figures are medians of rounds, and differences and ratios are taken within a round.\n\
         In the full suite a round has five short turns of every target at full load, at 1,000 requests a second and with 200\n\
         streams, of which the median counts: what else the machine does moves a core's speed by a half from one second to the\n\
         next, and slows it to a tenth for some hundredths of a second now and then.\n\
         Requests at a fixed rate arrive as a Poisson process from fixed seeds, one for each turn and the same for everyone, and\n\
         are timed from the moment they are due. The upstream writes its clock into the answers, so that *added* is the time on the way\n\
         there and back without the upstream's own, less what it is without a gateway. `tools/bench` has the sources;\n\
         `make bench` repeats all of it, `make bench ROUNDS=1 SUITE=short` takes a quick look, `PEERS=litellm,portkey` lets\n\
         other gateways join.\n\n\
         ## Machine\n\n\
         {}, {} cores, {} MiB, Linux {}; {nginx}; {}; commit `{}`, {}. When the run began, {} processes waited for a processor.\n{missing}",
        results.rounds,
        if results.rounds == 1 { "" } else { "s" },
        results.suite,
        machine.processor,
        machine.cores,
        machine.memory_mib,
        machine.kernel,
        machine.compiler,
        machine.commit,
        machine.day,
        machine.load,
    )
}

fn peers(results: &Results, figures: &Figures<'_>) -> String {
    let goals = goals::beside_peers(figures);
    if goals.is_empty() {
        return String::new();
    }
    let names: Vec<&str> = results
        .targets()
        .into_iter()
        .filter(|target| figures::is_peer(target))
        .collect();
    format!(
        "## Beside other gateways\n\nOurs with everything on, {} with nothing on but passing requests on, in {} of the rounds; the best of them is compared.\n\n{}",
        names.join(" and "),
        results.rounds.min(PEER_ROUNDS),
        goal::table(&goals)
    )
}

fn name(file: &Path) -> String {
    file.file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned()
}
