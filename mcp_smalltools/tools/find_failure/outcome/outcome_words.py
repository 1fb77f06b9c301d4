"""The words in which a run says how it went: of CI systems, of tools, and of languages.

Five degrees. RUN: the CI system, or the program that ran all the rest, closes the run. TOOL: a build tool or a test
runner concludes its work. TASK: a piece of work is done, and others may follow. STEP: one test, one layer. MESSAGE:
an error is told.
"""

from __future__ import annotations

import re
from collections.abc import Iterable


def holds_any(text: str, words: Iterable[str]) -> bool:
    """Whether one of the words occurs. As `any` with a generator, in a third of the time."""
    for word in words:  # noqa: SIM110 - see above
        if word in text:
            return True
    return False


class Forms:
    """Patterns of one meaning: at the start of a line, and anywhere in it. Most without regard to case.

    What stands anywhere is looked for only in lines that hold one of `keys`, in lower case.
    """

    def __init__(
        self, start: str = "", within: str = "", keys: str = "", flags: re.RegexFlag = re.IGNORECASE
    ) -> None:
        self._start = re.compile(start, flags) if start else None
        self._within = re.compile(within, flags) if within else None
        self._keys = tuple(keys.split("|")) if keys else ()

    def __call__(self, content: str, lower: str | None = None) -> bool:
        if self._start is not None and self._start.match(content):
            return True
        if self._within is None:
            return False
        if self._keys:
            lower = content.lower() if lower is None else lower
            if not holds_any(lower, self._keys):
                return False
        return self._within.search(content) is not None


TOLERATED = Forms(
    within=(
        r"^\* An install or uninstall procedure|pip's dependency resolver does not currently|\bassuming (?:it|that) is already\b|\.\.\.ignoring|\(ignored\)|\bignored\b|\bignoring\b|\|\| true|\|\| :|continue-on-error|allowed to fail|"
        r"allow(?:ed)?[ _-]failure|\bx-?fail(?:ed|ures?)?\b|expected(?:ly)? (?:error|failure|to fail|exception)s?\b|"
        r"known (?:failure|gap|issue)|should fail|non-?fatal|not fatal|best[- ]effort|retry(?:ing)?\b|retries left|"
        r"will (?:be retried|try again|retry)|trying again|attempt \d+|falling back|fallback|recovered|"
        r"\bskipp?(?:ed|ing)\b|(?:is|was|be) optional|optional dependency|# TODO\b|# SKIP\b|no longer fails"
    ),
    keys="uninstall proc|resolver does|assuming|ignor|true|: :|| :|continue-on|allow|xfail|x-fail|expected|known|should fail|fatal|best|retr|try again|trying|attempt|fall|recover|skip|optional|todo|no longer",
)
"""A failure that the line itself calls no failure of the run."""

TAKEN_BACK = Forms(
    within=r"ignor(?:ed|ing)|\|\| true|retry|retries left|attempt \d+|will try again|x-?fail(?!ures)",
    keys="ignor|true|retr|attempt|try again|xfail|x-fail",
)
"""Of those, what holds of a tool's failure too."""

GOOD_RUN = Forms(
    start=(
        r"(?:COMMAND_)?EXIT[ _-]?(?:CODE|STATUS)?[ :=]{1,3}0\W{0,3}$|Finished: SUCCESS|\W{0,6}Job succeeded|Build success$|(?:\S+ )?Phase complete: POST_BUILD State: SUCCEEDED|"
        r"\W{0,8}Site is live|##\[section\]Finishing: (?:Finalize Job|Job\b)|Script done.*COMMAND_EXIT_CODE=\"0\"|"
        r"Build finished with (?:status )?SUCCESS|Pipeline (?:succeeded|finished successfully)|"
        r"\W{0,6}Earthly Build\W{1,6}SUCCESS|Deployment completed$|Result: (?:SUCCESS|PASS(?:ED)?)$|"
        r"\W{0,8}(?:all|every) (?:jobs?|stages?|steps?) (?:succeeded|passed|completed)"
    ),
    within=(
        r"Your build exited with 0\b|exiting batchmode successfully|AutomationTool exiting with ExitCode=0"
    ),
    keys="exited with 0|successfully|exitcode=0",
)
"""The run is closed, and went well."""

BAD_RUN = Forms(
    start=(
        r"(?:COMMAND_)?EXIT[ _-]?(?:CODE|STATUS)?[ :=]{1,3}-?[1-9]\d*\W{0,3}$|"
        r"##\[error\](?:Process completed with exit code|The operation was canceled|The (?:job|action|hosted runner|runner|self-hosted)|.{0,60}exited with code|The process '.{1,200}' failed with exit code)|"
        r"Finished: (?:FAILURE|ABORTED|UNSTABLE|NOT_BUILT)|\W{0,6}(?:ERROR: )?Job failed\b|Your build has been stopped|"
        r"The command .{0,3000}(?:exited with [1-9]\d*|failed and exited with [1-9]\d* during)|"
        r"Build step '.{1,120}' (?:marked build as failure|changed build result to (?:FAILURE|UNSTABLE))|"
        r"ERROR: script returned exit code [1-9]|Exited with code (?:exit status )?[1-9]|Command exited with code [1-9]|"
        r"Build failed$|Job cancell?ed|Done\. Job Cancelled|\W{0,4}Error: The command exited with status [1-9]|"
        r"Script done.*COMMAND_EXIT_CODE=\"[1-9]|Build finished with (?:status )?(?:FAILURE|ERROR)|"
        r"Build (?:was )?(?:aborted|timed out)|The job exceeded the maximum|No output has been received in the last|"
        r"Too long with no output|Pipeline failed|\W{0,6}Earthly Build\W{1,6}FAILURE|"
        r"ERROR: build step \d+ .{1,200} failed"
    ),
    within=(
        r"Your build exited with [1-9]|Phase complete: \w+ State: FAILED|aborting batchmode due to|"
        r"AutomationTool exiting with ExitCode=[1-9]|"
        # A gate that tests which pass don't take back.
        r"^(?!.{0,40}\bwarn).{0,80}\b(?:thresholds?\b.{0,80}\bnot (?:met|reached)\b|coverage\b.{0,80}\bnot (?:reached|met)\b)"
    ),
    keys="exited with|phase complete|aborting|exitcode=|threshold|coverage",
)
"""The run is closed, and failed."""

GOOD_TOOL = Forms(
    start=(
        r"\W{0,10}(?:BUILD|TEST|ARCHIVE|CLEAN|INSTALL|EXPORT|ANALYZE) SUCCEEDED\b|"
        r"\W{0,6}(?:\w+ ){0,2}Build (?:succeeded|complete!?|completed successfully|success)\b|OK(?:$| \(|, but| - )|"
        r"PASS(?:ED)?!?$|SUCCESS!?$|Success!?(?:$|[:.] )|(?!#)\W{0,4}PASS(?:ED)?\W{0,4}$|ok(?:\s+\t|\t)|test result: ok|"
        r"Status: (?:OK|SUCCESS)|"
        r"\W{0,12}all (?:\d+ |of the |the )?(?:\w+ ){0,2}(?:pass(?:ed)?|succeeded|successful|ok|good|done|completed?|clean|up[- ]to[- ]date|valid)\b|"
        r"\W{0,8}(?:all matched files use|no (?:errors?|issues?|problems?|failures?|warnings?|vulnerabilit\w+|changes?|differences|findings|offenses|violations)(?: (?:were )?(?:found|detected|reported))?[.!]?$)|"
        r"\W{0,6}No changes\. |\W{0,6}✓? ?built in \d|\W{0,4}Done in \d|\W{0,4}Done!?\W{0,4}$|"
        r"\W{0,4}(?:Apply|Destroy) complete!|Plan: \d+ to add|"
        r"\W{0,4}congratulations\b|"
        r"STATUS: deployed|\*{3} No errors detected|"
        r"Test Run Successful|Passed!  - |\[  PASSED  \]|Result: PASS|EXECUTION SUCCESS|ANALYSIS SUCCESSFUL|"
        r"QUALITY GATE STATUS: PASSED|\d+ files? left unchanged|\W{0,4}(?:0|no) (?:problems?|issues?|findings|violations|offenses)\b|"
        r"Project build complete|\W{0,6}(?:Tundra )?build success\b|"
        r"\W{0,40}\[SUCCESS\]|Success: |OK: \d|\[100%\]: build ok|\W{0,4}Test Successful|\W{0,6}Compiled successfully|"
        r"\s*✨ +(?:Done|Built)|Happy |Deployed? complete|Summary: \d+ packages? finished\b|> Final cost: +[\d.]+ ETH|Tests finished successfully\b|"
        # The legend below the routes that Next.js built; its signs are often in the wrong code page.
        r"[^\w\s(]{0,6}\w{0,3}[^\w\s(]{0,6} {1,3}\((?:Static|SSG|ISR|Dynamic)\) {1,4}(?:automatically |server-)?(?:prerendered|rendered|generated)\b"
    ),
    within=(
        r"BUILD SUCCESS(?:FUL)?\b|\bno issues found|\bno (?:errors?|problems?|offenses) (?:found|detected)|"
        r"\[OK\] No errors|found 0 vulnerabilities|\bcompiled (?:successfully|with \d+ warnings?)|"
        r"\bcompiled (?:client and server )?successfully|"
        r"result of 'Succeeded'|"
        r"congratulations :\)|^INFO: Build completed successfully, \d|"
        r"Happy Helming|would be left unchanged|"
        r"\bnaming to \S+ (?:\d\S* )?done$|\bwriting image sha256:\w+ (?:\d\S* )?done$|"
        r"Test Summary:.*\bPass\b(?!.*\b(?:Fail|Error)\b)|tests passed ?$|all succeeded\.$|"
        r"Builds finished\. The artifacts|"
        r"(?:构建|编译|打包|部署|安装|执行|运行|测试|更新|发布|建置|編譯|測試|安裝|執行|全部)(?:已|全部)?(?:成功|通过|通過|完成)|"
        r"(?:ビルド|テスト|コンパイル|デプロイ|インストール|処理|実行)(?:が|は|に|を)?(?:成功|正常終了|正常に完了)|正常終了|(?:빌드|테스트|설치|배포) ?성공"
    ),
    keys="success|no |compiled|result of|congrat|happy|unchanged|summary|passed|all |artifacts|naming|writing|成功|正常|通过|通過|完成|성공|[ok]|found 0|pass",
)
"""A tool concludes that its work went well."""

GOOD_TASK = Forms(
    start=(
        r"INFO: \[Common 17-206\] Exiting|.{0,60}Successfully stopped SparkContext|"
        r"Successfully (?:ran|installed|built|tagged|published|deployed|pushed|applied|completed|executed|created|compiled|updated|validated|generated)\b|"
        r"\s*Finished [`\w].{0,60}(?:profile|target\(s\))|"
        r"added \d+ packages?|"
        r"up to date(?:,|$)|"
        r"Already up[- ]to[- ]date|"
        r"Everything up-to-date|"
        r"Nothing to (?:do|commit|install|be done)|"
        r"\W{0,4}Installed \d+ packages? in|"
        r"Audited \d+ packages?|"
        r"Successfully tagged|"
        r"Output written on \S|"
        r"\s*\[100%\] Built target|"
        r"-- Build files have been written to|"
        r"\* DONE \(|"
        r"Bundle complete!|"
        r"snapshot \w+ saved|"
        r"total size is [\d,.]+ +speedup|"
        r"\W{0,4}\[?success\]?\b|"
        r"System check identified no issues|Hash of data verified|Hard resetting via|\W{0,4}Verified OK|Status: (?:Downloaded newer image|Image is up to date)|"
        r"Chocolatey installed [1-9]|Generated \S+ app$|"
        r"Signature verified"
    ),
    within=(
        r"nothing to commit, working tree clean|"
        r"Generating autoload files$|"
        r": digest: sha256:\w+ size: \d+|"
        r"successfully (?:rolled out|completed|finished|installed|built|tagged|published|deployed|pushed|applied|executed|created|signed|verified|ran|compiled|tested|upgraded|migrated)|"
        r"\b(?:completed|finished|ended|exited|terminated|done|ran|executed|built|deployed|installed|passed) (?:\w+ )?(?:successfully|without (?:any )?(?:errors?|problems?|failures?))|"
        r"\b(?:was|were|is|has been) (?:successful\b|executed successfully)|"
        r"\bcommands? succeeded\b"
    ),
    keys="success|without|naming|digest|started|startup|listening|ready in|working tree|autoload|succeeded|normally|cleanly|ended at|$finish|found no|did not find|end|synced|bundled",
)
"""A piece of work went well, which others may follow."""

READY = Forms(
    within=(
        r"\bStarted (?:\w*Server\w*[@ ]|(?!\w*(?:Tests?|ITs?|Specs?) )\w+ in [\d.]+ ?s)|\bServer startup in|\blistening on\b|\bready in \d|"
        r"\b(?:ready (?:for|to accept) connections|application startup complete|startup (?:is )?complete|booted and ready|up and running|now (?:ready|listening|accepting))\b|"
        r"\b(?:server|service|daemon|agent|broker|node|cluster|connector|listener|worker|instance|application|app|bot|container)\b[^.:;]{0,40}\b(?:has |is |was |successfully )?(?:started|running|ready|up|listening)\b(?! (?:for|since|in the background|to (?!accept))|[ .]*\.\.)|"
        r"\] (?:\[\S+\] )?started(?: \{|$| \()|\bstart worker process \d+|^.{0,60}Booting worker with pid|\bDone \([\d.]+s\)! For help|^(?:\[ +OK +\] )?Reached target (?:Multi-User|Graphical)|"
        r"\b(?:process has|run has|program) (?:finished|ended|exited) (?:cleanly|normally)|\b(?:terminated|finished|ended|exited) (?:normally|cleanly)\b|\bPROGRAM ENDED AT\b|\$finish called at|\bfound no (?:problems|errors|issues|violations|differences)\b|"
        r"\bdid not find any (?:\w+ )?(?:problems|errors|issues|violations|differences)\b|^end of do-file$|^End$|\bSynced +Healthy\b|\bBundled \d+ms|"
        r"^PASS(?:ED)?: all\b|^dpkg-buildpackage: info: (?:binary|full|source)\S* upload|^\s*Normal termination of\b|^.{0,100}(?<!NOT)  ?-- OK$|^\W{0,6}release succeeded\b|"
        r"\b(?:job|application|product) \S+ completed successfully|Installation success or error status: 0\b|^Wrote: \S+\.rpm$|"
        r"^\((?P<hook>\d+)/(?P=hook)\) (?:Arming|Updating|Reloading|Refreshing|installing|upgrading|removing|reinstalling|downgrading) "
    ),
    keys="ready|startup|up and|now |start|running|listening|booting|reached|for help| up|normal|cleanly|ended at|$finish|found no|did not find|end|synced|bundled|pass|upload|-- ok|succeeded|completed successfully|status: 0|wrote|arming|updating|reloading|refreshing|installing|upgrading|removing|reinstalling|downgrading",
)
"""A service is up. It may stop in the next line, so this is never sure."""

_GOOD_WORD = r"(?:success|succeed|complete|erfolgreich|réussi|sucesso|éxito|riuscit|успешно|pomyśln)"
NOT_GOOD = Forms(
    within=(
        rf"\b(?:not|never|isn't|wasn't|didn't|nicht|n'a pas|no se|não|non|не|nie|niet) (?:\w+ ){{0,2}}{_GOOD_WORD}|"
        r"\bun-?success|without success|(?:不|未|没有|非)成功|成功(?:しません|していません)|ohne Erfolg|NOT complete|NOT successful|"
        r"\b0 succeeded|\b(?:finished|completed?|succeeded)\b.{0,30}\bbut (?:no|not|failed|with [1-9])\b|\bnot (?:ok|okay|done|finished|passed)\b"
    ),
    keys="success|succeed|complete|finished|but |not |erfolg|réussi|sucesso|éxito|riuscit|успешно|pomyśln|成功",
)
"""A word of success that is denied."""

ONLY_IF = Forms(
    start=r"\W*(?:waiting|checking|trying|attempting|going|about|starting|expect)\b",
    within=rf"\b(?:if|until|unless|when|once|after|before|whether|should|must|will|to be(?! rerun)|in case|wenn|falls|si|se|если) (?:\w+ ){{0,3}}{_GOOD_WORD}|\bto (?:complete|succeed)\b",
    keys="success|succeed|complete|erfolg|réussi|sucesso|éxito|riuscit|успешно|pomyśln",
)
"""A word of success about what may come."""

ONLY_WARNS = Forms(
    start=r"\W{0,3}(?:\S{1,60}: ){0,2}\W{0,3}(?:w|warn(?:ing)?|notice|info|debug|trace|hint|note|verbose)\b ?[\]:)|!/ ]|npm (?:warn|notice)\b|##\[warning\]|::warning",
    within=r"^.{0,40}\b(?:WARN(?:ING)?|INFO|DEBUG|TRACE|NOTICE)\b",
)
"""A message whose level is below an error."""

GOOD_STEP = Forms(
    start=(
        r"\s*(?:✓|✔|✅|√|☑) |\s*ok \d+\b|ok: \[|changed: \[|--- PASS|\[ +OK +\]|(?:#\d+ )?DONE \d|#\d+ (?:DONE|CACHED)"
    ),
    within=(
        r"\.\.\.+ ?(?:ok|done|passed|yes|success|found)\b|(?<!you )\bPASSED\b(?! (?:to|as|in|by)\b)|\bok$|\[OK\]|\[  OK  \]|\bdone\.?$|"
        r"\bfinished\b|\bcompleted?\b(?! log)|\bsucceeded\b|\bsuccessful(?:ly)?\b|\bup[- ]to[- ]date\b|\bBuilt target\b|"
        r"\bwrote\b|\bsaved\b|\bcreated\b|"
        r"\b(?:erfolgreich|avec succ[eè]s|r[eé]ussie?s?|con [eé]xito|exitosamente|com sucesso|bem-sucedid[oa]|con successo|riuscit[oa]|успешно|pomyślnie|powodzeniem|başarıyla|başarılı|geslaagd|lyckades|onnistui|fertig|abgeschlossen|terminé|terminado|concluído|completato|завершен[оа]?|zakończono|tamamlandı|voltooid)\b|"
        r"完了|完成|완료|成功|성공"
    ),
    keys="...|ok|pass|done|finish|complet|succe|success|up-to|up to|built|wrote|saved|created|erfolg|succès|réussi|éxito|exitos|sucesso|sucedid|riuscit|успешно|pomyśln|powodz|başar|geslaagd|lyckad|onnistui|fertig|abgeschlossen|terminé|terminado|concluído|завершен|zakończono|tamamlandı|voltooid|完|완료|成功|성공",
)
"""One test, layer or task went well, or a word that steps say too."""

BAD_TOOL = Forms(
    start=(
        r"\s*Warning +(?:Failed\w*|BackOff|Unhealthy|Evicted|OOMKilling)\b|\s*× (?:No solution|Failed to|.{0,120}(?:failed|did not run successfully))|"
        r"\w*UnsatisfiableError|Could not solve for environment|ERROR: ResolutionImpossible|"
        r"CMake Error\b|FAILURE: |\W{0,10}(?:BUILD|TEST|ARCHIVE|CLEAN|INSTALL|EXPORT) (?:FAILED|INTERRUPTED)\b|"
        r"npm (?:ERR!|error) (?:code|Test failed|A complete log)|error Command failed|error: could not compile|"
        r"error: (?:test failed|aborting due|build failed)|ninja: (?:build stopped|error)|FAILED \(|FAIL(?:ED)?!?$|"
        r"ESLint found too many warnings|FAIL\t|test result: FAILED|Result: FAIL|Testing failed|== Compilation error in file |\W{0,6}(?:\w+ ){0,2}Build (?:process )?failed\b|"
        r"Errors while running CTest|The following tests FAILED|rake aborted|ERROR: failed to build|"
        r"Automatic merge failed|"
        r"Failed to (?:compile|build|pull image|execute goal|start|deploy|publish|install|apply|create|initialize|load|connect|run|parse|resolve)\b|"
        r"Test Run Failed|Failed!  - |\[  FAILED  \] \d|\W{0,4}\[?failed\]?$|Summary: .*[1-9]\d* packages? failed|"
        r"ERROR: Task .* failed with exit code|Status: \d+ ERROR|"
        r"\[warn\] Code style issues|\s*ERR_[A-Z_]{3,}|FAIL Required|Coverage failure: |Exiting because|Build '.{1,200}' errored|"
        r"\W{0,6}Some (?:tests|checks|specs|suites) (?:failed|did not pass)|Error: Build process failed|"
        r"\W{0,4}(?:Error: )?(?:Command|Process|Script|Task|Job|Step|Stage|Compilation|Installation|Deployment|Configuration|Linting|Tests?|Checks?|Verification|Migration|Provisioning|Validation)(?: [\\x22'`].{1,200}[\\x22'`])? (?:has )?(?:failed|aborted|errored)\b|"
        r"! Emergency stop|Bail out!|Target \S+ failed|error: Recipe .* failed|lerna ERR!|ERROR in \S|Compilation error|"
        r"Failed: +\S+#|Error: Process completed with|command .* failed|\W{0,3}error: script \".*\" exited|"
        r"E: Sub-process|error: subprocess-exited|\*{3} \S+ FAILED|Terminating\b.*(?:failure|error)|"
        r"FATAL(?: ERROR)?[:! ]|fatal: (?!\[)|panic: |Fatal error|\W{0,4}Unhandled exception|Halted at|Aborted(?: \(core|$)|"
        r"Killed$|srun: error: .*Exited with|Command terminated by signal"
    ),
    within=(
        r"BUILD FAIL(?:URE|ED)|\bmake(?:\[\d+\])?(?:\.exe)?: \*\*\*|ELIFECYCLE|Build did NOT complete|failed to solve|"
        r"\[ERROR\] Failed to execute goal|Active: failed \(Result|: Failed with result|\b[1-9]\d* FAILED TESTS?|"
        r"tasks? failed:|Kernel panic|errors? occurred!?$|\bwith (?:\w+ )?(?:errors?|failures?)[.!]?$|no output PDF file produced|==> Fatal error|! ==> Fatal|"
        r"compilation (?:failed|aborted|terminated)|\bwould reformat\b|[1-9] files? would be reformatted|Terminated$|"
        r"\bthresholds?\b.{0,80}\b(?:not (?:met|reached)|(?:been )?crossed)|\b[1-9]\d* (?:\w+ )?not ok\b|\bfail[-_]under[= ]|"
        r"\b(?:assertions?|tests?|checks?|specs?|criteria|gates?|requirements?) (?:did not|didn't|do not) pass\b|"
        r"\bfinished with problems\b|\bwarnings (?:are |being )?treated as errors\b|"
        r"slurmstepd: error: \*{3}|"
        r"(?:构建|编译|打包|部署|安装|测试|发布|建置|編譯|測試|安裝)(?:已)?(?:失败|失敗)|(?:ビルド|テスト|コンパイル|デプロイ|インストール|処理|実行)(?:が|は|に)?(?:失敗|異常終了)|異常終了|(?:빌드|테스트|설치|배포) ?실패"
    ),
    keys="with problems|treated as|threshold|not ok|fail-under|fail_under|build fail|***|elifecycle|failed|panic|occurred|with error|with failure|with |no output|fatal|compilation|reformat|segmentation|core dumped|slurm|terminated|did not|失败|失敗|異常|실패|emergency",
)
"""A tool concludes that its work failed."""

BAD_STEP = Forms(
    start=(
        r"\s*(?:✗|✘|✕|✖|❌|×|☒) ?|\s*not ok \d+|\s*--- FAIL|FAILED |FAIL: |ERROR: \w+ \(|fatal: \[|"
        r"> Task \S+ FAILED|#\d+ (?:ERROR|CANCELED)|\[  FAILED  \]|##\[error\]|::error"
    ),
    within=(
        r"<<< (?:FAILURE|ERROR)!|\*\*\*(?:Failed|Exception|Timeout)|\.\.\.+ ?(?:FAILED|FAIL|ERROR|failed|no good)\b|"
        r"\[FAIL(?:ED)?\]|\bFAILED(?:$|, )"
    ),
    flags=re.NOFLAG,
)
"""One test, layer or task failed."""

BAD_MESSAGE = Forms(
    start=(
        r"conda\.exceptions\.\w+:|PackagesNotFoundError: |Fatal Error!|"
        r"(?:=+\d+=+)?(?:ERROR|WARNING): \w+Sanitizer: |SUMMARY: \w+Sanitizer|\w+Sanitizer: reported [1-9]|Error: (?:INSTALLATION|UPGRADE|ROLLBACK|UNINSTALLATION) FAILED|Diff in \S.{0,300}(?:at line \d+|:\d+):$|In \S{1,200} line \d+:$|r\(\d{1,4}\);$|"
        r"Status: (?:attempted|failed|given-back)$|Fail-Stage: |.{0,60}Installation success or error status: [1-9]|\s*Error termination via\b|\W{0,4}FOAM exiting$|.{0,120}(?:Worker failed to boot|but was unable to \w|process has died\b)|"
        r"(?:\S{1,80}: |\[\w+\] )?(?:fatal |internal |compile )?error(?:\[\w+\]|\(\w+\)| \w+\d+)?(?:: |! )|"
        r"\s*\*\* \([A-Z][\w.]{1,60}Error\) |\s{1,4}(?:[A-Z]\w*\\){1,8}[A-Z]\w*(?:Exception|Error)\s*$|Line \|\s*$|\s{2,6}\+ FullyQualifiedErrorId : (?!Native)|\S.{0,200}\.ps1:\d+ \S{1,12}:\d+$|"
        r"Traceback \(most recent|(?:[\w$]+\.){0,12}[A-Z][\w$]*(?:Error|Exception)\b(?::|$)|.{0,60}?\w+\.(?:ERROR|CRITICAL|EMERGENCY): |\s*SQLSTATE\[|In \S+\.php line \d+:|PHP (?:Fatal|Parse) error|SignalException|.{0,200}: SIG[A-Z]{3,4} \(SignalException\)|Warning +(?:Failed|BackOff|Unhealthy|Evicted|OOMKilling)\w* |Exception in thread|"
        r"Caused by: |Uncaught |Unhandled |thread '.*' (?:\(\d+\) )?panicked|terminate called|"
        r"(?:[\w./+-]{1,60}: ){1,3}(?:line \d+: )?.{0,120}(?:No such file|not found|Permission denied|cannot |could not |unbound variable|syntax error|No space left|Connection refused)|"
        r"\W{0,6}(?:ERROR|FATAL|SEVERE|CRITICAL)\b(?! ?[:=] ?0| (?:rate|logs?|reports?|count|handling|handler|budget|correction|bars?|summary|margin|pages?|messages|tracking|boundary)\b)|\s*(?:× |╷|│ Error: |E: |E   )|CONFLICT \(|"
        r"File \".*\", line \d+, characters|nvcc fatal|e: "
    ),
    within=(
        r"[(:]\d+[^\n]{0,20}[:)] ?(?:fatal |internal |compile |syntax )?error\b|"
        r"\berror (?:[A-Z]{1,5}\d{2,}|TS\d+)\b|\b(?:failed|aborted)[.!]?$|Segmentation fault|core dumped|Unbound (?:value|module|type|constructor)|\bno (?!(?:[\w.-]+ ){0,3}(?:errors?|issues?|problems?|warnings?|vuln\w*|failures?|changes|offenses|violations|differences|conflicts|duplicates|new|updates?|leaks?|advisories|secrets?|regressions?|findings?|outdated)\b)(?:[\w.-]+ ){1,4}found\b[!.]?$|no space left on device|out of memory|unsatisfiable|No solution found|"
        r"could not solve|cannot (?:continue|proceed)|giving up|aborting\b|bailing out|unable to (?:continue|proceed)|"
        r"unresolved external|undefined reference|\b(?:fehlgeschlagen|gescheitert|abgebrochen|échoué|en échec|ha fallado|falló|fallid[oa]|falhou|fallit[oa]|не удалось|завершил\w* с ошибк\w+|nie powiodł\w*|niepowodzenie\w*|başarısız|mislukt|misslyckades|epäonnistui)\b|失败|失敗|실패|\b(?:Fehler|erreur|erro|errore|ошибка|błąd|hata|fout)\b ?[:!]|错误[:：]|"
        r"錯誤[:：]|エラー[:：]|오류:"
    ),
    keys="error|segm|core dumped|unbound|found|space|memory|unsatisf|no solution|could not solve|cannot|giving up|abort|bail|unable|unresolved|undefined|failed|fehl|gescheitert|abgebrochen|échou|échec|fallado|falló|fallid|falhou|fallit|удалось|ошиб|powi|niepowodz|başarısız|mislukt|misslyck|epäonn|失|错误|錯誤|エラー|실패|오류|erreur|erro|błąd|hata|fout",
)
"""An error is told, whatever came of it."""

FRAMES = {
    "travis": re.compile(r"travis_(?:fold|time):|Worker information|Using worker: "),
    "github": re.compile(r"##\[(?:group|endgroup|command)\]"),
    "gitlab": re.compile(r"Running with gitlab-runner|section_start:\d+:"),
    "jenkins": re.compile(
        r"\[Pipeline\] |Started by |Building (?:remotely on|in workspace|on master)|Running as SYSTEM"
    ),
    "azure": re.compile(r"##\[section\]Starting: "),
}
"""CI systems that always close a log in their own words: without those, the log only stops."""

UNFINISHED = {
    "phpunit": (r"PHPUnit \d", r"OK\b|FAILURES!|ERRORS!|Tests: |No tests executed|WARNINGS!"),
    "gradle": (r"> Task :|> Configure project", r"BUILD (?:SUCCESSFUL|FAILED)|FAILURE: Build"),
    "maven": (r"\[INFO\] (?:Scanning for projects|--- |Building )", r"\[INFO\] BUILD |\[ERROR\] .*\[Help"),
    "cargo test": (r"running \d+ tests?$|test \S+ \.\.\. ", r"test result: "),
    "cargo": (r"\s+(?:Compiling|Checking) [\w-]+ v\d", r"\s*Finished |error: could not compile|error: "),
    "cargo tests": (r"\s*Finished `test`", r"test result: |error: |\s+Executable "),
    "pytest": (r"=+ test session starts", r"=+ .*\bin [\d.]+m?s|no tests ran"),
    "buildkit": (
        r"#\d+ \[|#\d+ \d+\.\d ",
        r"#\d+ (?:naming to|exporting (?:to|config|manifest)|DONE|ERROR|pushing)|naming to |ERROR: failed",
    ),
    "docker": (r"Step \d+/\d+ : ", r"Successfully (?:built|tagged)|The command '|ERROR"),
    "ansible": (r"(?:PLAY|TASK|RUNNING HANDLER) \[", r"PLAY RECAP"),
    "pip": (
        r"Collecting \S|Building wheels? for|Installing collected packages",
        r"Successfully installed|ERROR: |Requirement already",
    ),
    "terraform": (
        r"\S+: (?:Creating|Modifying|Destroying|Refreshing state|Still creating)\.\.\.",
        r"(?:Apply|Destroy) complete|\W*Error: |No changes|Plan: ",
    ),
    "cmake": (
        r"-- (?:The C|Detecting|Check for|Looking for|Performing)",
        r"-- (?:Generating done|Build files|Configuring incomplete)",
    ),
    "msbuild": (
        r"Build started |Microsoft \(R\) Build Engine|MSBuild version",
        r"Build (?:succeeded|FAILED)",
    ),
    "jest": (r"(?:PASS|FAIL) \S+\.(?:js|ts|jsx|tsx|mjs)", r"Tests: .*total|Ran all test suites"),
    "vitest": (r"\s*RUN  v\d", r"\s+Tests  .*\d"),
    "sbt": (r"\[info\] (?:compiling|loading|Compiling)", r"\[success\]|\[error\] Total time"),
    "bazel": (
        r"(?:INFO: )?Analyzed \d+ targets|Loading:|Analyzing:",
        r"INFO: Build completed|.*Build did NOT|ERROR: ",
    ),
    "xcodebuild": (
        r"(?:CompileC|CompileSwift|ProcessInfoPlistFile|Ld|CodeSign) /",
        r"\*\* \w+ (?:SUCCEEDED|FAILED)",
    ),
    "bundler": (
        r"(?:Fetching|Installing) [\w-]+ \d|Fetching gem metadata",
        r"Bundle complete|Bundler::|.*could not",
    ),
    "npm": (
        r"npm (?:info|http|verb|timing|sill) ",
        r"npm (?:info ok|ERR!|error)|added \d+|up to date|removed \d+|changed \d+",
    ),
    "apt": (r"Setting up |Unpacking |Selecting previously", r"Processing triggers|E: |Setting up "),
}
"""Tools that announce themselves and always close with words of their own: how, and with what."""

TEST_RUNNERS = frozenset(("pytest", "phpunit", "jest", "vitest", "cargo test", "maven", "sbt", "bazel"))
"""Those of them whose passing tests log errors."""

GITHUB_END = re.compile(r"(?:Post job cleanup\.|Cleaning up orphan processes|Complete job$)")
