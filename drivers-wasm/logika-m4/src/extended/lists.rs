//! The settings of each model by ordinal (the maker's tag list, `tests/data/tags-4m.json`; a test compares them): `NAME` or
//! `NAME=UNIT`, `@N` where the ordinals jump. A unit that is the name of a quantity is the one that the meter is set to.

pub const SPT940: &str = "СП ЕИ/P ЕИ/Q ТО ДО РКЧ=s СР ЧР ПЛ tхк=C Pхк=P ТС СО tк1=C tк2=C tк3=C ПД ВП1=P Pк1=P ВП2=P Pк2=P Pк3=P С1=m3 \
    Gв1=m3/h Gн1=m3/h Gк1=m3/h С2=m3 Gв2=m3/h Gн2=m3/h Gк2=m3/h С3=m3 Gв3=m3/h Gн3=m3/h Gк3=m3/h KG НМ Mк=t/h \
    AMк Qк=Q AQк NT ИД КИ КВС AНС ATmin ATmax ATэп ATф AСТ1 AСТ2 AСТ3 КТГ tп1=C tп2=C tп3=C tп4=C tп5=C tо1=C \
    tо2=C tо3=C tо4=C tо5=C КУ1 УВ1 УН1 КУ2 УВ2 УН2 КУ3 УВ3 УН3 КУ4 УВ4 УН4 КУ5 УВ5 УН5 PLG PPW AT1 ОТВ1 AT2 \
    ОТВ2 AT3 ОТВ3 AT4 ОТВ4 AT5 ОТВ5 IP PORT SLG SPW Tka";

pub const SPT941_20: &str = "СП ЕИ/P ЕИ/Q ТО ДО РКЧ=s СР ЧР ПЛ tхк=C Pхк=P ТС ТС1 tк1=C ТС2 tк2=C ТС3 tк3=C ПД1 ВП1=P Pк1=P ПД2 ВП2=P \
    Pк2=P ПД3 ВП3=P Pк3=P С1=m3 Gв1=m3/h Gн1=m3/h Gкв1=m3/h Gкн1=m3/h Gотс1=m3/h AGв1 AGн1 С2=m3 Gв2=m3/h \
    Gн2=m3/h Gкв2=m3/h Gкн2=m3/h Gотс2=m3/h AGв2 AGн2 С3=m3 Gв3=m3/h Gн3=m3/h Gкв3=m3/h Gкн3=m3/h Gотс3=m3/h \
    AGв3 AGн3 НМ Mк=t/h AMк ArV Qк=Q AQк NT ИД КИ1 КИ2 КИ3 КД1 AКД1 КД2 AНС AСТ1 AСТ2 AСТ3 AСТ4 AСТ5 AСТ6 AСТ7 \
    AСТ8 AСТ9 AСТ10 AСТ11 AСТ12 AСТ13 AСТ14 AСТ15 AСТ16 КТГ tп1=C tп2=C tп3=C tп4=C tп5=C tо1=C tо2=C tо3=C \
    tо4=C tо5=C КУ1 УВ1 УН1 КУ2 УВ2 УН2 КУ3 УВ3 УН3 КУ4 УВ4 УН4 КУ5 УВ5 УН5 ПС ПМ @130 AV3 AM3 AQ AQг @150 PLG \
    PPW AT1 ОТВ1 AT2 ОТВ2 AT3 ОТВ3 AT4 ОТВ4 AT5 ОТВ5 IP PORT SLG SPW Tka";

pub const SPT943REV3: &str =
    "ЕИ ТО ДО СР ЧР ПЛ NT ИД КИ ВМН ВМК tхк=C Pхк=kgf/cm2 ТС КД СН ТС3 КУ НУ УВ УН PW Уdt КУ2 НУ2 УВ2 УН2";

pub const SPT943REV3_INPUT: &str = "СП КВ tк1=C tк2=C tк3=C ДВ ВП1=P ВП2=P Pк1=P Pк2=P Pк3=P KG C1=m3 Gв1=m3/h Gн1=m3/h Gк1=m3/h C2=m3 Gв2=m3/h \
    Gн2=m3/h Gк2=m3/h C3=m3 Gв3=m3/h Gн3=m3/h Gк3=m3/h AM Mк НМ AQ Qк ПС ПМ ATmin ATmax ATэп ATф";

pub const SPT944: &str = "СП СА1 АСА1 СА2 АСА2 ЕИ/P ЕИ/Q ТО ДО РКЧ=s СР ЧР ПЛ tхк=C Pхк=P ТС ТС1 ТС2 ТС3 ТС4 ТС5 ТС6 ПД1 ВП1=P ПД2 \
    ВП2=P ПД3 ВП3=P ПД4 ВП4=P ПД5 ВП5=P ПД6 ВП6=P C1=m3 Gв1=m3/h Gн1=m3/h Gотс1=m3/h C2=m3/h Gв2=m3/h Gн2=m3/h \
    Gотс2=m3/h C3=m3 Gв3=m3/h Gн3=m3/h Gотс3=m3/h C4=m3 Gв4=m3/h Gн4=m3/h Gотс4=m3/h C5=m3/h Gв5=m3/h Gн5=m3/h \
    Gотс5=m3/h C6=m3 Gв6=m3/h Gн6=m3/h Gотс6=m3/h NT ИД КИ1 КИ2 КИ3 КД1 КД2 КД3 КД4 АКД1 АКД2 АНС АСТ1 АСТ2 АСТ3 \
    АСТ4 АСТ5 АСТ6 АСТ7 АСТ8 АСТ9 АСТ10 АСТ11 АСТ12 АСТ13 АСТ14 АСТ15 АСТ16 АСТ17 АСТ18 АСТ19 АСТ20 КТГ tп1=C \
    tп2=C tп3=C tп4=C tп5=C tо1=C tо2=C tо3=C tо4=C tо5=C КУ1 УВ1 УН1 КУ2 УВ2 УН2 КУ3 УВ3 УН3 КУ4 УВ4 УН4 КУ5 \
    УВ5 УН5 AQC КВС tхк2 Pхк2 Atхк2 tк4 Pк4 @130 РАСП1 Днач1 Дкон1 Tнач1 Tкон1 Днд1 РАСП2 Днач2 Дкон2 Tнач2 \
    Tкон2 Днд2 @150 PLG PPW AT1 ОТВ1 AT2 ОТВ2 AT3 ОТВ3 AT4 ОТВ4 AT5 ОТВ5 IP PORT SLG SPW Tka";

pub const SPT944_INPUT: &str = "ДВ tк1=C tк2=C tк3=C Pк1=P Pк2=P Pк3=P Gкв1=m3/h Gкн1=m3/h AGв1 AGн1 Gкв2=m3/h Gкн2=m3/h AGв2 AGн2 Gкв3=m3/h \
    Gкн3=m3/h AGв3 AGн3 НМ Mк=t/h AMк ArV Qк=Q AQк Уdt=C ПС ПМ @50 XG1 XG2 XG3 Xt1 Xt2 Xt3 XP1 XP2 XP3 AV3 Adt \
    AC1 AC2 AC3 AM1 AM2 AM3 AQ AQг";

pub const SPG740: &str = "СП ПИ=s ДО ТО РКЧ=s ПЛ СР ЧР Vд=m3 rс=kg/m3 rв Xа Xу Pбк=Pб [Pб] ПД1 ВП/ПД1=P1 ПД2 ВП/ПД2 NT ИД КИ КД КУ1 \
    УВ1 УН1 КУ2 УВ2 УН2 AНС AСТ1 AСТ2 PLG PPW AT1 ОТВ1 AT2 ОТВ2 AT3 ОТВ3 AT4 ОТВ4 AT5 ОТВ5 IP PORT SLG SPW Tka=s";

pub const SPG740_PIPE1: &str = "ВД/Qр1 Qр1к=m3/h AQр1к ВП/Qр1=m3/h НП/Qр1=m3/h АНП1 ОТС/Qр1=m3/h ЦИ/Qр1=m3 Vн/Qр1=m3 ФС/Qр1 P1к=P1 [P1] \
    ТД/P1 ВД/t1 t1к=C ТД/t1 [dP1]";

pub const SPG740_PIPE2: &str = "ВД/Qр2 Qр2к=m3/h AQр2к ВП/Qр2=m3/h НП/Qр2=m3/h АНП2 ОТС/Qр2=m3/h ЦИ/Qр2=m3 Vн/Qр2=m3 ФС/Qр2 P2к=P2 [P2] \
    ТД/P2 ВД/t2 t2к=C ТД/t2";

pub const SPG742: &str = "СП МР ПИ=s ДО ТО ПЛ СР ЧР Vд=m3 rc=kg/m3 rв Ха Ху ВД/P3 [P3] ТД/P3 ВП/P3=P3 КС/P3=P3 ВД/dP3 [dP3] ВП/dP3=dP3 \
    ВД/dP4 [dP4] ВП/dP4=dP4 ВД/Pб Pбк=Pб [Pб] ВП/Pб=Pб NT ИД КИ1 КИ2 СН КД ПС ПМ КУ1 УВ1 УН1 КУ2 УВ2 УН2 КУ3 УВ3 \
    УН3 КУ4 УВ4 УН4 КУ5 УВ5 УН5";

pub const SPG742_PIPE1: &str = "ВД/Qр1 Qр1к=m3/h ВП/Qр1=m3/h НП/Qр1=m3/h ЦИ/Qр1=m3 Vн/Qр1=m3 ФС/Qр1 ОТС/Qр1=m3/h ВД/P1 P1к=P1 [P1] ТД/P1 \
    ВП/P1=P1 КС/P1=P1 ВД/dP1 [dP1] ВП/dP1=dP1 ДК/dP1 ДП/dP1 Qн/dP1=m3/h dPн1=dP1 rсн/dP1=kg/m3 Pн1=MPa ВД/t1 \
    t1к=C ТД/t1";

pub const SPG742_PIPE2: &str = "ВД/Qр2 Qр2к=m3/h ВП/Qр2=m3/h НП/Qр2=m3/h ЦИ/Qр2=m3 Vн/Qр2=m3 ФС/Qр2 ОТС/Qр2 ВД/P2 P2к=P2 [P2] ТД/P2 ВП/P2=P2 \
    КС/P2=P2 ВД/dP2 [dP2] ВП/dP2=dP2 ДК/dP2 ДП/dP2 Qн/dP2=m3/h dPн2=dP2 rсн/dP2=kg/m3 Pн2=MPa ВД/t2 t2к=C ТД/t2";

pub const LGK410: &str = "ИД NT КИ КД1 КД2 ХД2 КД3 ХД3 АКД2 АКД3 УВ=m3/h УН=m3/h Tф=s ДП";
