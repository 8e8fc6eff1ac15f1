// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the hardware can't tell an operating system by itself. Values that depend on the command
 * line come from an SSDT that acpi.c writes: W64B, W64E (64-bit PCI window, first and last
 * address; both 0: none), COMS (a bit a serial port), KBDP (keyboard controller present).
 */
DefinitionBlock ("", "DSDT", 2, "ORIEL", "ORIELPC", 1)
{
    External (W64B, IntObj)
    External (W64E, IntObj)
    External (COMS, IntObj)
    External (KBDP, IntObj)

    // SLP_TYPa of suspend to RAM and of soft off, as in piix4-pm.c
    Name (\_S3, Package () { 1, 0, 0, 0 })
    Name (\_S5, Package () { 0, 0, 0, 0 })

    // Interrupt model: PCI pins go to the PICs' lines until an operating system that uses the
    // IOAPIC says so; pc.c has the register.
    Name (PICM, 0)
    OperationRegion (IRTG, SystemIO, 0xAE00, 1)
    Field (IRTG, ByteAcc, NoLock, Preserve) { IMOD, 8 }
    Method (\_PIC, 1)
    {
        PICM = Arg0
        IMOD = Arg0
    }

    Scope (\_SB)
    {
        Device (PCI0)
        {
            Name (_HID, EisaId ("PNP0A03"))
            Name (_UID, 0)

            // Pin p of slot s: GSI 16 + (s + p) % 8, or line 10 or 11.
            Method (_PRT)
            {
                Local0 = Package (128) {}
                Local1 = 0
                While (Local1 < 128)
                {
                    Local2 = Local1 >> 2
                    Local3 = Local2 + (Local1 & 3)
                    If (PICM)
                    {
                        Local4 = 16 + (Local3 & 7)
                    }
                    Else
                    {
                        Local4 = 10 + (Local3 & 1)
                    }
                    Local5 = Package (4) { 0, 0, 0, 0 }
                    Local5 [0] = (Local2 << 16) | 0xFFFF
                    Local5 [1] = Local1 & 3
                    Local5 [3] = Local4
                    Local0 [Local1] = Local5
                    Local1++
                }
                Return (Local0)
            }

            Name (CRSA, ResourceTemplate ()
            {
                WordBusNumber (ResourceProducer, MinFixed, MaxFixed, PosDecode,
                    0, 0, 0, 0, 1)
                IO (Decode16, 0x0CF8, 0x0CF8, 1, 8)
                WordIO (ResourceProducer, MinFixed, MaxFixed, PosDecode, EntireRange,
                    0, 0x0000, 0x0CF7, 0, 0x0CF8)
                WordIO (ResourceProducer, MinFixed, MaxFixed, PosDecode, EntireRange,
                    0, 0x0D00, 0xFFFF, 0, 0xF300)
                DWordMemory (ResourceProducer, PosDecode, MinFixed, MaxFixed, NonCacheable,
                    ReadWrite, 0, 0x000A0000, 0x000BFFFF, 0, 0x00020000)
                DWordMemory (ResourceProducer, PosDecode, MinFixed, MaxFixed, NonCacheable,
                    ReadWrite, 0, 0xC0000000, 0xFEBFFFFF, 0, 0x3EC00000)
            })
            Name (CRSB, ResourceTemplate ()
            {
                QWordMemory (ResourceProducer, PosDecode, MinFixed, MaxFixed, Cacheable,
                    ReadWrite, 0, 0, 1, 0, 2) // set below
            })
            Method (_CRS)
            {
                If (W64E == 0)
                {
                    Return (CRSA)
                }
                // Fields of the one QWord address descriptor (ACPI 6.4, table 6.48)
                CreateQWordField (CRSB, 14, WMIN)
                CreateQWordField (CRSB, 22, WMAX)
                CreateQWordField (CRSB, 38, WLEN)
                WMIN = W64B
                WMAX = W64E
                WLEN = W64E - W64B + 1
                Return (ConcatenateResTemplate (CRSA, CRSB))
            }

            Device (ISA)
            {
                Name (_ADR, 0x00010000)

                Device (RTC)
                {
                    Name (_HID, EisaId ("PNP0B00"))
                    Name (_CRS, ResourceTemplate ()
                    {
                        IO (Decode16, 0x70, 0x70, 1, 2)
                        IRQNoFlags () { 8 }
                    })
                }
                Device (PIC)
                {
                    Name (_HID, EisaId ("PNP0000"))
                    Name (_CRS, ResourceTemplate ()
                    {
                        IO (Decode16, 0x20, 0x20, 1, 2)
                        IO (Decode16, 0xA0, 0xA0, 1, 2)
                        IO (Decode16, 0x4D0, 0x4D0, 1, 2)
                        IRQNoFlags () { 2 }
                    })
                }
                Device (TIMR)
                {
                    Name (_HID, EisaId ("PNP0100"))
                    Name (_CRS, ResourceTemplate ()
                    {
                        IO (Decode16, 0x40, 0x40, 1, 4)
                        IRQNoFlags () { 0 }
                    })
                }
                // Ports that no driver must take
                Device (SYSR)
                {
                    Name (_HID, EisaId ("PNP0C02"))
                    Name (_CRS, ResourceTemplate ()
                    {
                        IO (Decode16, 0x80, 0x80, 1, 1)
                        IO (Decode16, 0x92, 0x92, 1, 1)
                        IO (Decode16, 0x600, 0x600, 1, 0x40)
                        IO (Decode16, 0xAE00, 0xAE00, 1, 1)
                    })
                }
                Device (KBD)
                {
                    Name (_HID, EisaId ("PNP0303"))
                    Method (_STA) { Return (KBDP * 0x0F) }
                    Name (_CRS, ResourceTemplate ()
                    {
                        IO (Decode16, 0x60, 0x60, 1, 1)
                        IO (Decode16, 0x64, 0x64, 1, 1)
                        IRQNoFlags () { 1 }
                    })
                }
                Device (MOU)
                {
                    Name (_HID, EisaId ("PNP0F13"))
                    Method (_STA) { Return (KBDP * 0x0F) }
                    Name (_CRS, ResourceTemplate () { IRQNoFlags () { 12 } })
                }
                Device (COM1)
                {
                    Name (_HID, EisaId ("PNP0501"))
                    Name (_UID, 1)
                    Method (_STA) { Return ((COMS & 1) * 0x0F) }
                    Name (_CRS, ResourceTemplate ()
                    {
                        IO (Decode16, 0x3F8, 0x3F8, 1, 8)
                        IRQNoFlags () { 4 }
                    })
                }
                Device (COM2)
                {
                    Name (_HID, EisaId ("PNP0501"))
                    Name (_UID, 2)
                    Method (_STA) { Return (((COMS >> 1) & 1) * 0x0F) }
                    Name (_CRS, ResourceTemplate ()
                    {
                        IO (Decode16, 0x2F8, 0x2F8, 1, 8)
                        IRQNoFlags () { 3 }
                    })
                }
                Device (COM3)
                {
                    Name (_HID, EisaId ("PNP0501"))
                    Name (_UID, 3)
                    Method (_STA) { Return (((COMS >> 2) & 1) * 0x0F) }
                    Name (_CRS, ResourceTemplate ()
                    {
                        IO (Decode16, 0x3E8, 0x3E8, 1, 8)
                        IRQNoFlags () { 4 }
                    })
                }
                Device (COM4)
                {
                    Name (_HID, EisaId ("PNP0501"))
                    Name (_UID, 4)
                    Method (_STA) { Return (((COMS >> 3) & 1) * 0x0F) }
                    Name (_CRS, ResourceTemplate ()
                    {
                        IO (Decode16, 0x2E8, 0x2E8, 1, 8)
                        IRQNoFlags () { 3 }
                    })
                }
            }
        }
    }
}
