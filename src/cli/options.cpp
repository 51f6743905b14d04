#include "cli/options.h"

#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <limits>
#include <map>
#include <string>

#include "base/join.h"
#include "base/number.h"
#include "base/system_log.h"
#include "base/version.h"
#include "config/nearest.h"

namespace penstock::cli {

namespace {

constexpr const char* kFooter =
    "Exit codes: 0 done, or drained as asked; 1 a pipeline failed, or a command did\n"
    "not succeed; 2 wrong command line or configuration, nothing was started;\n"
    "3 aborted by a second signal. Standard output carries events only, all else of\n"
    "`run` goes to standard error.";

const std::map<std::string, Log::Level> kLevels = {{"debug", Log::Level::debug},
                                                   {"info", Log::Level::info},
                                                   {"warn", Log::Level::warn},
                                                   {"error", Log::Level::error}};

// CLI11 takes -1 and what is too large for some other number, so this looks first.
std::string whole_number(const std::string& text) {
  if (number_from<uint64_t>(text)) {
    return "";
  }
  std::string shown;
  append_printable(text, shown);
  return fmt::format("takes a whole number from 0 to {}, not `{}`",
                     std::numeric_limits<uint64_t>::max(), shown);
}

class CommandLine {
 public:
  std::variant<Options, Exit> parse(int argc, const char* const* argv) {
    declare();
    std::vector<const char*> words(argv, argv + argc);
    if (argc > 1 && words[1] == std::string_view("help")) {  // `help run` is `run --help`
      words.erase(words.begin() + 1);
      words.push_back("--help");
    }
    if (const std::string wrong = unknown_command(words); !wrong.empty()) {
      (void)std::fputs(wrong.c_str(), stderr);  // nobody is left to be told
      return Exit::usage;
    }
    try {
      app_.parse(static_cast<int>(words.size()), words.data());
    } catch (const CLI::ParseError& error) {
      return app_.exit(error) == 0 ? Exit::ok : Exit::usage;
    }
    return std::move(options_);
  }

 private:
  // CLI11 passes over a word that it does not know, and takes the next one for the command.
  std::string unknown_command(const std::vector<const char*>& words) const {
    const CLI::App* app = &app_;
    for (size_t i = 1; i < words.size() && !commands_of(*app).empty(); ++i) {
      const std::string_view word = words[i];
      if (word.starts_with('-')) {
        continue;
      }
      const std::vector<std::string> known = commands_of(*app);
      if (std::ranges::find(known, word) == known.end()) {
        return complaint(*app, unknown_command(*app, words[i]));
      }
      app = app->get_subcommand(std::string(word));
    }
    return "";
  }

  static std::string unknown_command(const CLI::App& app, std::string_view word) {
    std::string shown;
    append_printable(word, shown);
    if (app.get_parent() == nullptr && (word == "validate" || word == "schema")) {
      return fmt::format("unknown command `{}`, did you mean `{}`?", shown,
                         word == "schema" ? "explain --schema" : "check");
    }
    return fmt::format("unknown command `{}`{}", shown, config::hint(shown, commands_of(app)));
  }

  static std::vector<std::string> commands_of(const CLI::App& app) {
    std::vector<std::string> commands;
    for (const CLI::App* const command :
         app.get_subcommands([](const CLI::App*) { return true; })) {
      commands.push_back(command->get_name());
    }
    return commands;
  }

  static std::string complaint(const CLI::App& app, std::string_view what) {
    return fmt::format("penstock: {}\nTry `{} --help`.\n", what, full_name(&app));
  }

  void declare() {
    app_.name("penstock");
    app_.require_subcommand(1);
    app_.get_formatter()->column_width(26);
    app_.failure_message([](const CLI::App* app, const CLI::Error& error) {
      while (!app->get_subcommands().empty()) {
        app = app->get_subcommands().front();
      }
      return complaint(*app, what_is_wrong(*app, error));
    });
    declare_run();
    declare_inspection();
    declare_checkpoint();
    declare_dead_letter();
    declare_generate();
    // Last, because a command takes over what its parent has by then.
    app_.set_help_all_flag("--help-all", "Print the help of all commands and exit");
    app_.set_version_flag("--version", fmt::format("penstock {}", kVersion), "Print the version");
    app_.footer(kFooter);
  }

  // `app`: the innermost command that was named.
  static std::string what_is_wrong(const CLI::App& app, const CLI::Error& error) {
    const std::vector<std::string> commands = commands_of(app);
    const std::vector<std::string> extra = app.remaining();
    std::string word;
    if (!extra.empty()) {
      append_printable(extra.front(), word);
    }
    if (word.starts_with('-')) {
      return fmt::format("unknown option `{}`{}", word, config::hint(word, options_of(app)));
    }
    if (!commands.empty()) {
      return fmt::format("give a command; known: {}", join(commands, ", "));
    }
    if (!word.empty()) {
      return fmt::format("`{}` is one argument too many", word);
    }
    return error.what();
  }

  static std::vector<std::string> options_of(const CLI::App& app) {
    std::vector<std::string> names;
    for (const CLI::Option* const option : app.get_options()) {
      if (!option->get_positional()) {
        names.push_back(option->get_name());
      }
    }
    return names;
  }

  static std::string full_name(const CLI::App* app) {
    std::string name = app->get_name();
    for (const CLI::App* up = app->get_parent(); up != nullptr; up = up->get_parent()) {
      name = up->get_name() + " " + name;
    }
    return name;
  }

  CLI::App* command(CLI::App& under, Command command, const std::string& name,
                    const std::string& says) {
    CLI::App* const app = under.add_subcommand(name, says);
    app->callback([this, command] { options_.command = command; });
    log_options(app);
    return app;
  }

  void log_options(CLI::App* app) {
    app->add_option_function<std::string>(
           "--log", [this](const std::string& format) { options_.log_json = format == "json"; },
           "Log lines as text (default) or json")
        ->check(CLI::IsMember({"text", "json"}).description(""))
        ->type_name("text|json");
    app->add_option_function<std::string>(
           "--log-level",
           [this](const std::string& level) { options_.log_level = kLevels.at(level); },
           "The least level that is logged; default info")
        ->check(CLI::IsMember(kLevels).description(""))
        ->type_name("debug|info|warn|error");
  }

  void declare_run() {
    CLI::App* const run =
        command(app_, Command::run, "run", "Run pipelines; Ctrl-C drains, a second one aborts");
    run->add_option("FILE|DIR", options_.files,
                    "Pipeline files, or folders of *.yaml and *.yml files")
        ->type_name("");
    run->add_option("--preset", options_.preset,
                    "A pipeline that is built in; this build has none yet")
        ->type_name("NAME");
    run->add_flag("--once", options_.once, "End when everything there is has been delivered");
    run->add_option("--admin", options_.admin, "Address of the pages of metrics, health and status")
        ->capture_default_str()
        ->type_name("ADDR|off");
    run->add_flag("--fail-fast", options_.fail_fast,
                  "Drain all pipelines as soon as one has failed");
    run->footer(kFooter);
  }

  void declare_inspection() {
    CLI::App* const check = command(app_, Command::check, "check",
                                    "Say what is wrong with pipeline files; starts nothing");
    check->add_option("FILE|DIR", options_.files, "Pipeline files or folders of them")
        ->required()
        ->type_name("");
    check->add_flag("--secrets", options_.secrets,
                    "Read ${file:...} and the keys of `tls` too; without,\n"
                    "what needs them has only its setting names checked");

    CLI::App* const explain = command(app_, Command::explain, "explain",
                                      "Describe a connector, format, transform or store");
    explain
        ->add_option("NAME", options_.connector,
                     "As `penstock list` names it; or of a pipeline file:\n"
                     "source, sinks, batch, retry, tls, every, limits, until")
        ->type_name("");
    explain->add_flag("--all", options_.explain_all, "The whole reference page");
    explain->add_flag("--markdown", options_.markdown, "Write Markdown (it always does)");
    explain->add_flag("--schema", options_.schema, "A JSON schema of pipeline files, for editors");

    command(app_, Command::list, "list", "Name what this build has: connectors, formats, stores");
    command(app_, Command::version, "version", "Print the version");
  }

  CLI::App* file_command(CLI::App& under, Command command, const std::string& name,
                         const std::string& says) {
    CLI::App* const app = this->command(under, command, name, says);
    app->add_option("FILE", options_.file, "The pipeline's file")->required()->type_name("");
    return app;
  }

  void declare_checkpoint() {
    CLI::App* const group =
        app_.add_subcommand("checkpoint", "Show or change the saved positions of a pipeline");
    group->require_subcommand(1);
    file_command(*group, Command::checkpoint_show, "show",
                 "Show the saved positions, also while it runs");
    CLI::App* const set = file_command(*group, Command::checkpoint_set, "set",
                                       "Set the position of a part; not while it runs");
    set->add_option("--part", options_.part, "The part, as `checkpoint show` names it")
        ->required()
        ->type_name("PART");
    set->add_option("--position", options_.position, "The position, as `checkpoint show` writes it")
        ->required()
        ->type_name("POSITION");
    CLI::App* const reset = file_command(*group, Command::checkpoint_reset, "reset",
                                         "Let the next run begin anew; not while it runs");
    CLI::Option* const part =
        reset->add_option("--part", options_.part, "Only this part")->type_name("PART");
    reset->add_flag("--quarantine", options_.quarantine, "Only the quarantine; positions stay")
        ->excludes(part);
  }

  void declare_dead_letter() {
    CLI::App* const group =
        app_.add_subcommand("dead-letter", "List, show and replay what was rejected");
    group->require_subcommand(1);
    CLI::App* const list = file_command(*group, Command::dead_letter_list, "list",
                                        "List the dead letters, also while it runs");
    list->add_option("--sink", options_.sink, "Only of this sink; \"\": decoding and transforms")
        ->type_name("NAME");
    list->add_flag("--replayed", options_.with_replayed, "Also those that went back already");
    CLI::App* const show = file_command(*group, Command::dead_letter_show, "show",
                                        "Show dead letters with their payload");
    show->add_option("NUMBER", options_.sequences, "As `dead-letter list` numbers them")
        ->required()
        ->check(whole_number, "")
        ->type_name("");
    CLI::App* const replay =
        file_command(*group, Command::dead_letter_replay, "replay",
                     "Send them to the sink they failed at; not while it runs");
    replay->add_option("NUMBER", options_.sequences, "Only these; default all")
        ->check(whole_number, "")
        ->type_name("");
    replay->add_option("--sink", options_.sink, "Only of this sink; \"\": decoding and transforms")
        ->type_name("NAME");
    replay->add_flag("--force", options_.force,
                     "Also those whose replay may undo a later change of their key");
  }

  void declare_generate() {
    CLI::App* const generate =
        command(app_, Command::generate, "generate", "Send generated records by the Firehose API");
    generate->add_option("--firehose", options_.firehose, "Where to: http://127.0.0.1:8687")
        ->required()
        ->type_name("URL");
    generate->add_option("--stream", options_.stream, "The delivery stream")
        ->capture_default_str()
        ->type_name("NAME");
    generate->add_option("--count", options_.count, "How many records")
        ->capture_default_str()
        ->check(whole_number, "")
        ->type_name("NUMBER");
    generate->add_option("--rate", options_.rate, "Records a second; 0: as fast as they are taken")
        ->capture_default_str()
        ->check(CLI::Range(0.0, 1e9).description(""))
        ->type_name("NUMBER");
    generate->add_option("--seed", options_.seed, "The same seed makes the same records")
        ->capture_default_str()
        ->check(whole_number, "")
        ->type_name("NUMBER");
  }

  Options options_;
  CLI::App app_{
      "Relays every change of a data store to every place that needs it:\n"
      "in order, with nothing lost."};
};

}  // namespace

int code_of(Exit exit) {
  return static_cast<int>(exit);
}

std::variant<Options, Exit> parse_options(int argc, const char* const* argv) {
  return CommandLine().parse(argc, argv);
}

}  // namespace penstock::cli
