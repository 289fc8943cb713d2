"""The composition root: the one place that wires real things to the pipeline.

Everything is built late and once; constructors do no I/O. Heavy libraries (boto3, httpx) are
imported with the adapters that use them, when a step first needs them.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import ExitStack
from datetime import datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any

import structlog

from booking_sms import __version__
from booking_sms.adapters.clock import PinnedClock, SystemClock, SystemTransportClock, WorldClock
from booking_sms.config.catalog_loader import load_catalog
from booking_sms.config.connections import Connections, is_loopback_url
from booking_sms.config.settings import MIN_SETTLE_S, Settings
from booking_sms.domain.catalog import Catalog
from booking_sms.domain.errors import AlertFailed, SettingsInvalid, TableMissing
from booking_sms.domain.retention import RetentionPolicy
from booking_sms.domain.rule import RuleSet
from booking_sms.notify import (
    Delivery,
    Links,
    Notice,
    NoticeDesk,
    Severity,
    Silences,
    read_silences,
)
from booking_sms.notify.tally import Tally
from booking_sms.notify.ways import SlackWay, TextWay, Topic, TopicWay
from booking_sms.pipeline.applied_catalog import catalog_in_use
from booking_sms.pipeline.send_gate import SendGate
from booking_sms.pipeline.services import DispatchPolicy, DispatchServices, ReconcilePolicy
from booking_sms.ports import (
    AirflowView,
    AlertChannel,
    Clock,
    EvidenceStore,
    MetricsSink,
    MonitoringLook,
    PayloadStage,
    SecretSource,
    SmsJobRepository,
    TransportClock,
)
from booking_sms.telemetry.call_meter import CallMeter
from booking_sms.telemetry.log_events import ERROR, WARNING, log_event

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

    from booking_sms.adapters import dynamodb
    from booking_sms.adapters.naver.booking_api import BookingApi
    from booking_sms.adapters.naver.session import NaverLoginSession
    from booking_sms.adapters.naver.source import NaverBookingSource
    from booking_sms.adapters.sens.client import SensGateway

log = structlog.get_logger(__name__)


def build_application(
    settings: Settings, connections: Connections, *, at: datetime | None = None
) -> Application:
    """Compose the application; ``at`` pins the business clock.

    Raises SettingsInvalid for a world clock or a short settle time outside the embedded world.
    """
    _refuse_unsafe(settings, connections)
    return Application(settings, connections, clock=_business_clock(settings, at))


def _refuse_unsafe(settings: Settings, connections: Connections) -> None:
    clock = settings.clock_url
    if clock and not (connections.is_loopback_only and is_loopback_url(clock)):
        raise SettingsInvalid("a world clock is accepted only if every endpoint is loopback")
    if settings.settle_s < MIN_SETTLE_S and not is_loopback_url(connections.sens.base_url):
        raise SettingsInvalid(f"BOOKING_SMS_SETTLE_S must be at least {MIN_SETTLE_S}")


def _business_clock(settings: Settings, at: datetime | None) -> Clock:
    if settings.clock_url:
        return _world_clock(settings.clock_url, at)
    return PinnedClock(at) if at is not None else SystemClock()


def _world_clock(url: str, at: datetime | None) -> Clock:
    """In the embedded world a chosen instant moves the world itself: its bookings follow."""
    clock = WorldClock(url)
    if at is not None:
        clock.set(at)
    return clock


class Application:
    """Everything that a step needs: ports as attributes, policies and the owner's files."""

    def __init__(self, settings: Settings, connections: Connections, *, clock: Clock) -> None:
        self.settings = settings
        self.connections = connections
        self.clock = clock
        self.transport_clock: TransportClock = SystemTransportClock()
        self.code_version = __version__
        self.meter = CallMeter()
        self._may_log_in = True
        self._opened = ExitStack()
        if isinstance(clock, WorldClock):
            self._opened.callback(clock.close)

    def close(self) -> None:
        """Close the connections that were opened; a process that ends need not."""
        self._opened.close()

    # -- tables -------------------------------------------------------------------------------

    @cached_property
    def _dynamodb(self) -> DynamoDBClient:
        from booking_sms.adapters.dynamodb import make_client
        from booking_sms.telemetry.aws_calls import meter_dynamodb

        aws = self.connections.aws
        client = make_client(
            region=aws.region,
            endpoint_url=aws.dynamodb_endpoint_url or aws.endpoint_url,
            access_key_id=aws.access_key,
            secret_access_key=aws.secret_key,
        )
        meter_dynamodb(client, self.meter)
        return client

    @property
    def dynamodb_client(self) -> DynamoDBClient:
        """The client of all tables, for those who listen to its traffic."""
        return self._dynamodb

    @cached_property
    def _tables(self) -> dynamodb.TableNames:
        from booking_sms.adapters.dynamodb import TableNames

        return TableNames(self.settings.table_prefix)

    @cached_property
    def sealer(self) -> dynamodb.Sealer:
        """Encryption at rest: cookies, texts, staged plans."""
        from booking_sms.adapters.dynamodb import Sealer

        return Sealer(self.connections.own.fernet_keys)

    @cached_property
    def control(self) -> dynamodb.DynamoDbControlRepository:
        """Delivery mode, kill switches, opt-outs, counters, notes."""
        from booking_sms.adapters.dynamodb import DynamoDbControlRepository

        return DynamoDbControlRepository(
            self._dynamodb,
            self._tables,
            clock=self.clock,
            hmac_key=self.connections.own.hmac_key,
        )

    @cached_property
    def jobs(self) -> SmsJobRepository:
        """The outbox; what changes in it is logged."""
        from booking_sms.adapters.dynamodb import DynamoDbSmsJobRepository
        from booking_sms.telemetry.logged_jobs import LoggedJobs

        return LoggedJobs(
            DynamoDbSmsJobRepository(self._dynamodb, self._tables, control=self.control)
        )

    @cached_property
    def bodies(self) -> dynamodb.DynamoDbBodyStore:
        """Texts."""
        from booking_sms.adapters.dynamodb import DynamoDbBodyStore

        return DynamoDbBodyStore(self._dynamodb, self._tables, sealer=self.sealer)

    @cached_property
    def ledger(self) -> dynamodb.DynamoDbLegacyLedger:
        """LEGACY's table."""
        from booking_sms.adapters.dynamodb import DynamoDbLegacyLedger

        return DynamoDbLegacyLedger(self._dynamodb, self._tables)

    @cached_property
    def windows(self) -> dynamodb.DynamoDbWindowRepository:
        """Coverage."""
        from booking_sms.adapters.dynamodb import DynamoDbWindowRepository

        return DynamoDbWindowRepository(self._dynamodb, self._tables)

    @cached_property
    def plans(self) -> dynamodb.DynamoDbPlanRepository:
        """Previews and comparison plans."""
        from booking_sms.adapters.dynamodb import DynamoDbPlanRepository

        return DynamoDbPlanRepository(self._dynamodb, self._tables)

    @cached_property
    def personal_records(self) -> dynamodb.DynamoDbPersonalRecords:
        """Erasure of personal data."""
        from booking_sms.adapters.dynamodb import DynamoDbPersonalRecords

        return DynamoDbPersonalRecords(self._dynamodb, self._tables)

    def retention_policy(self) -> RetentionPolicy:
        """When personal data goes."""
        return RetentionPolicy(
            personal_days=self.settings.personal_days,
            key_days=self.settings.personal_key_days,
            oldest_window=timedelta(hours=self.settings.repair_max_age_hours),
        )

    def create_tables(self) -> str:
        """Create missing tables; idempotent. Returns what was done, in words."""
        from booking_sms.adapters.dynamodb import ensure_tables

        created = ensure_tables(self._dynamodb, self.settings.table_prefix)
        return f"created: {', '.join(created)}" if created else "all there"

    def check_tables(self) -> str:
        """Raise TableMissing naming every missing table."""
        from booking_sms.adapters.dynamodb import missing_tables

        missing = missing_tables(self._dynamodb, self.settings.table_prefix)
        if missing:
            raise TableMissing(
                f"missing tables: {', '.join(missing)}; create them: booking-sms doctor --fix"
            )
        return "all there"

    # -- secrets and staging ------------------------------------------------------------------

    @cached_property
    def secrets(self) -> SecretSource:
        """Values of ``secret:`` references."""
        from booking_sms.adapters.aws.secrets import SecretsManagerSource, make_secrets_client

        aws = self.connections.aws
        client = make_secrets_client(
            region=aws.region,
            endpoint_url=aws.endpoint_url,
            access_key_id=aws.access_key,
            secret_access_key=aws.secret_key,
        )
        return SecretsManagerSource(client, self.meter)

    @cached_property
    def stage(self) -> PayloadStage:
        """Staged snapshots and plans."""
        from booking_sms.adapters.stage import open_payload_stage

        return open_payload_stage(self.settings.staging, self._s3_client)

    @cached_property
    def evidence(self) -> EvidenceStore:
        """What validation campaigns leave behind; kept apart from the stage, which is swept."""
        from booking_sms.adapters.stage import open_payload_stage
        from booking_sms.adapters.stage.evidence import StagedEvidence

        return StagedEvidence(open_payload_stage(self.settings.evidence, self._s3_client))

    def _s3_client(self) -> Any:
        from booking_sms.transport.aws_session import make_session

        aws = self.connections.aws
        session = make_session(
            region=aws.region, access_key_id=aws.access_key, secret_access_key=aws.secret_key
        )
        return session.client("s3", endpoint_url=aws.endpoint_url)

    # -- metrics ------------------------------------------------------------------------------

    @cached_property
    def operations_metrics(self) -> MetricsSink | None:
        """Where numbers of runs go; None, and a log line, when that is switched off."""
        return self._metrics_sink(self.settings.metrics_namespace, "BOOKING_SMS_METRICS_NAMESPACE")

    @cached_property
    def comparison_metrics(self) -> MetricsSink | None:
        """Where numbers of comparisons go; None, and a log line, when that is switched off."""
        return self._metrics_sink(
            self.settings.metrics_comparison_namespace, "BOOKING_SMS_METRICS_COMPARISON_NAMESPACE"
        )

    def _metrics_sink(self, namespace: str, setting: str) -> MetricsSink | None:
        from booking_sms.adapters.aws.metrics import CloudWatchMetricsSink, make_metrics_client

        if namespace == "off":
            log.warning("metrics_off", setting=setting)
            return None
        aws = self.connections.aws
        client = make_metrics_client(
            region=aws.region,
            endpoint_url=aws.endpoint_url,
            access_key_id=aws.access_key,
            secret_access_key=aws.secret_key,
        )
        return CloudWatchMetricsSink(client, namespace)

    @cached_property
    def monitoring_look(self) -> MonitoringLook | None:
        """What monitoring knows of our numbers; None when publishing is switched off."""
        from booking_sms.adapters.aws.metrics import make_metrics_client
        from booking_sms.adapters.aws.monitoring_look import CloudWatchLook

        if self.settings.metrics_namespace == "off":
            return None
        aws = self.connections.aws
        client = make_metrics_client(
            region=aws.region,
            endpoint_url=aws.endpoint_url,
            access_key_id=aws.access_key,
            secret_access_key=aws.secret_key,
        )
        return CloudWatchLook(client, self.settings.metrics_namespace)

    # -- what the owner edits -----------------------------------------------------------------

    @cached_property
    def _catalog(self) -> Catalog:
        catalog, problem = catalog_in_use(self.load_catalog, self.control)
        if problem:
            log.error("other_catalog_in_use", problem=problem)
            self.alert(problem)
        return catalog

    def catalog(self) -> Catalog:
        """What was applied; else the files, or the last good ones, with an alert, if invalid."""
        return self._catalog

    def use_catalog(self, catalog: Catalog, *, may_log_in: bool = True) -> None:
        """Look with these files and no others: a look must not write the last good ones.

        Without ``may_log_in`` the stored session is read as it stands and never renewed.
        """
        self._catalog = catalog
        self._may_log_in = may_log_in

    def load_catalog(self, rule_set: str = "") -> Catalog:
        """Rules, messages and stores as the files say; raises RuleInvalid with file and line."""
        return load_catalog(self.settings.home, rule_set or self.settings.rule_set)

    def store_ids(self) -> tuple[str, ...]:
        """All stores, in the order in which they are decided."""
        return tuple(self.catalog().stores.stores)

    def rollout_stages(self, rules: RuleSet | None = None) -> Mapping[str, str]:
        """Stored rollout stages by rule name; a rule without one keeps its own."""
        names = [rule.name for rule in (rules or self.catalog().rules).rules]
        stages = {name: self.control.rollout_stage(name) for name in names}
        return {name: stage for name, stage in stages.items() if stage}

    # -- Naver --------------------------------------------------------------------------------

    @cached_property
    def _booking_api(self) -> BookingApi:
        from booking_sms.adapters.naver.addresses import NaverAddresses
        from booking_sms.adapters.naver.booking_api import BookingApi, BookingApiConfig

        naver, settings = self.connections.naver, self.settings
        addresses = NaverAddresses(login_url=naver.login_url, booking_url=naver.booking_url)
        config = BookingApiConfig(
            addresses=addresses,
            pace_s=0.0 if addresses.is_loopback else settings.page_pause_s,
            timeout_s=settings.http_timeout_s,
        )
        api = BookingApi(config, clock=self.transport_clock, meter=self.meter)
        self._opened.callback(api.close)
        return api

    @cached_property
    def session(self) -> NaverLoginSession:
        """The login state machine. In comparison mode LEGACY's cookies are borrowed."""
        from booking_sms.adapters.dynamodb import (
            BorrowedSessionStore,
            DynamoDbLoginLock,
            DynamoDbSessionStore,
        )
        from booking_sms.adapters.naver.login import NaverLogin
        from booking_sms.adapters.naver.login_settings import BrowserConfig, Credentials
        from booking_sms.adapters.naver.session import NaverLoginSession, SessionPolicy
        from booking_sms.adapters.naver.source import build_probe

        naver, api = self.connections.naver, self._booking_api
        addresses = api.config.addresses
        borrowed = self.control.delivery_mode() == "comparison"
        return NaverLoginSession(
            store=(
                BorrowedSessionStore(self._dynamodb, self._tables)
                if borrowed
                else DynamoDbSessionStore(self._dynamodb, self._tables, sealer=self.sealer)
            ),
            probe=build_probe(api, self.store_ids()),
            login=NaverLogin(
                addresses,
                Credentials(username=naver.username, password=naver.password),
                first_store=self.store_ids()[0],
                browser=BrowserConfig(
                    binary=self.settings.chrome_binary,
                    driver=self.settings.chromedriver,
                    loopback_only=addresses.is_loopback,
                    meter=self.meter,
                ),
            ),
            lock=DynamoDbLoginLock(self._dynamodb, self._tables, clock=self.transport_clock),
            clock=self.transport_clock,
            policy=SessionPolicy(attempts_per_day=self.settings.login_attempts_per_day),
            borrowed=borrowed or not self._may_log_in,
            on_blocked=lambda wall: self.page(
                f"Naver login needs a person: {wall.state}. No further attempt is made."
            ),
        )

    @cached_property
    def source(self) -> NaverBookingSource:
        """The partner booking API."""
        from booking_sms.adapters.naver.source import NaverBookingSource

        return NaverBookingSource(self._booking_api, self.session)

    # -- Airflow, from outside ----------------------------------------------------------------

    @cached_property
    def airflow(self) -> AirflowView | None:
        """What Airflow shows to the watchdog; None without an account there."""
        from booking_sms.adapters.airflow import AirflowApi

        account = self.connections.airflow
        if account is None:
            return None
        api = AirflowApi(account.base_url, username=account.username, password=account.password)
        self._opened.callback(api.close)
        return api

    # -- SENS ---------------------------------------------------------------------------------

    @cached_property
    def gateway(self) -> SensGateway:
        """SENS; asks delivery mode and kill switches itself, just before each POST."""
        from booking_sms.adapters.sens.client import (
            MAX_SIGNATURE_AGE_MS,
            SensConfig,
            SensGateway,
        )
        from booking_sms.adapters.sens.signature import ApiKey
        from booking_sms.adapters.sens.wire import Timeouts

        sens = self.connections.sens
        config = SensConfig(
            service_id=sens.service_id,
            key=ApiKey(access_key=sens.access_key, secret_key=sens.secret_key),
            base_url=sens.base_url,
            loopback_only=self.settings.loopback_only,
            timeouts=Timeouts(read=self.settings.sens_timeout_s),
            max_age_ms=min(MAX_SIGNATURE_AGE_MS, self.settings.lease_s * 1000),
        )
        gate = SendGate(self.control, self.transport_clock)
        gateway = SensGateway(config, self.transport_clock, gate.permit, meter=self.meter)
        self._opened.callback(gateway.close)
        return gateway

    @cached_property
    def dispatch_services(self) -> DispatchServices:
        """Ports of dispatch and reconcile."""
        return DispatchServices(
            jobs=self.jobs,
            bodies=self.bodies,
            ledger=self.ledger,
            control=self.control,
            gateway=self.gateway,
            clock=self.clock,
            transport_clock=self.transport_clock,
            sleep=time.sleep,
            channels=self.channels,
        )

    def dispatch_policy(self, shard_groups: int) -> DispatchPolicy:
        """Limits of one dispatch worker among ``shard_groups``."""
        settings = self.settings
        return DispatchPolicy(
            sends_per_second=settings.sends_per_second,
            shard_groups=shard_groups,
            lease_s=settings.lease_s,
            drain_budget_s=settings.drain_budget_s,
            daily_text_cap=settings.daily_text_cap,
            monthly_text_cap=settings.monthly_text_cap,
            monthly_reserve_percent=settings.monthly_reserve_percent,
            advertising_gap_days=settings.advertising_gap_days,
        )

    def reconcile_policy(self) -> ReconcilePolicy:
        """When doubts are settled."""
        return ReconcilePolicy(
            settle_s=self.settings.settle_s,
            looks=self.settings.settle_looks,
            is_loopback=is_loopback_url(self.connections.sens.base_url),
        )

    # -- people -------------------------------------------------------------------------------

    @cached_property
    def _owner_channel(self) -> AlertChannel | None:
        from booking_sms.adapters.alerts.telegram import TelegramChannel
        from booking_sms.notify.tally import TalliedChannel

        telegram = self.connections.telegram
        if telegram is None:
            return None
        channel = TelegramChannel(
            base_url=telegram.base_url, token=telegram.token, chat_id=telegram.chat_id
        )
        return TalliedChannel(channel, self.tally)

    @cached_property
    def _team_channel(self) -> AlertChannel | None:
        from booking_sms.adapters.alerts.slack import SlackChannel
        from booking_sms.notify.tally import TalliedSlack

        slack = self.connections.slack
        if slack is None:
            return None
        return TalliedSlack(SlackChannel(webhook_url=slack.webhook_url), self.tally)

    @cached_property
    def _topic(self) -> Topic | None:
        """Where the alarms go as well; None without BOOKING_SMS_NOTICES_TOPIC_ARN."""
        from booking_sms.adapters.aws.notices import SnsTopic, make_sns_client
        from booking_sms.notify.tally import TalliedTopic

        if not self.settings.notices_topic_arn:
            return None
        aws = self.connections.aws
        client = make_sns_client(
            region=aws.region,
            endpoint_url=aws.endpoint_url,
            access_key_id=aws.access_key,
            secret_access_key=aws.secret_key,
        )
        return TalliedTopic(SnsTopic(client, self.settings.notices_topic_arn), self.tally)

    @cached_property
    def tally(self) -> Tally:
        """Notices that channels took and refused, by day."""
        return Tally(self.control, self.clock, lambda: self.operations_metrics)

    @property
    def channels(self) -> Mapping[str, AlertChannel]:
        """Where rules' notices go, by name; a channel without a connection is not there."""
        known = (self._owner_channel, self._team_channel)
        return {channel.name: channel for channel in known if channel is not None}

    @cached_property
    def notices(self) -> NoticeDesk:
        """Where troubles of the system itself are handed in; each is told once."""
        ways = [way for way in (self._team_way(), self._owner_way(), self._topic_way()) if way]
        links = Links(dashboard=self.settings.dashboard_url, runbook=self.settings.runbook_url)
        return NoticeDesk(
            ways, self.control, self.clock, links=links, silences=self._silences_in_use()
        )

    def _team_way(self) -> SlackWay | TextWay | None:
        from booking_sms.notify.tally import TalliedSlack

        team = self._team_channel
        if isinstance(team, TalliedSlack):
            return SlackWay(team)
        return TextWay(team, least=Severity.INFO) if team else None

    def _owner_way(self) -> TextWay | None:
        return TextWay(self._owner_channel) if self._owner_channel else None

    def _topic_way(self) -> TopicWay | None:
        return TopicWay(self._topic) if self._topic else None

    def _silences_in_use(self) -> Silences:
        """What the file says; a file that is refused silences nothing."""
        try:
            return read_silences(self.settings.home, self.clock.now())
        except SettingsInvalid as error:
            log.error("silences_refused", problem=str(error))
            return Silences()

    def notify(self, notice: Notice) -> Delivery:
        """Tell the team of a trouble, once until it ends; never raises what a channel raises.

        Critical ones reach the owner too. See ``notify.desk``.
        """
        delivery = self.notices.notify(notice)
        if delivery.reached_somebody and notice.severity is not Severity.INFO:
            self.tally.count_trouble()
        return delivery

    def recovered(self, key: str) -> Delivery:
        """Say that the trouble of this key is over, to whoever was told of it; else nothing."""
        return self.notices.recovered(key)

    def tell_owner(self, text: str) -> bool:
        """A notice for the owner; False, and a log line, if it could not be delivered."""
        return self._tell(self._owner_channel, text)

    def alert(self, text: str) -> bool:
        """Somebody on the team must act."""
        return self._tell(self._team_channel, text)

    def page(self, text: str) -> bool:
        """Somebody must act now: every channel; False if it reached nobody."""
        return any([self.alert(text), self.tell_owner(text)])

    def _tell(self, channel: AlertChannel | None, text: str) -> bool:
        """A notice that fails must not fail the step it speaks of: door codes come first."""
        if channel is None:
            log_event("team_told", level=WARNING, status="failure", error="no_channel")
            return False
        try:
            channel.send(text)
        except AlertFailed as error:
            told = {"channel": channel.name, "status": "failure", "error": error.code}
            log_event("team_told", level=ERROR, **told)
            return False
        log_event("team_told", channel=channel.name, status="success")
        return True
