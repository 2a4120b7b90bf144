# The whole guest, in the first sector of its disk: it writes numbered records for ever, and says on its serial port which one has reached the disk.
#
# Record N: 1024 little-endian words of 32 bits, word i being N xor i * STEP. It lies in slot N * STRIDE mod SLOTS, and slot s begins at (s + 1) * 32 KiB: so
# records go all over the disk, each slot is written again and again, and a qcow2 cluster is shared by two slots. With two disks a record goes to one,
# then to the other. The BIOS offers no flush, so QEMU flushes each write before it completes it. Nothing else is ever written.
#
# It says U<N>: up, record N was the newest on the disk; W<N>: record N is on the disk; F<N>: the record after N could not be written (it tries again).
# N is 8 hexadecimal digits. Same numbers as in tests/faults/contents.py.
    .intel_syntax noprefix
    .code16
    .globl _start
    .equ BUFFER, 0x8000
    .equ SLOTS, 509
    .equ STRIDE, 263
    .equ STEP, 0x9e3779b1
    .equ DISKS, 0x475           # the BIOS's count of disks

_start:
    cli
    xor ax, ax
    mov ds, ax
    mov es, ax
    mov ss, ax
    mov sp, 0x7c00
    sti
    cld
    # The newest record: halving, as slot(N) holds record N or a later one just where N is not newer than the newest.
    xor ebp, ebp
    mov ecx, 0x100000
halve:
    lea ebx, [ebp + ecx]
    shr ebx, 1
    cmp ebx, ebp
    je found
    mov eax, ebx
    call seek
    mov ah, 0x42
    mov dl, 0x80
    call disk
    jc halve
    cmp dword ptr [BUFFER], ebx
    jb lower
    mov ebp, ebx
    jmp halve
lower:
    mov ecx, ebx
    jmp halve
found:
    mov al, 'U'
    call say
    # Another disk may have missed the newest one: it is written once more.
    test ebp, ebp
    jz next
    dec ebp
next:
    lea ecx, [ebp + 1]
    mov di, BUFFER
    xor edx, edx
    mov bx, 1024
fill:
    mov eax, ecx
    xor eax, edx
    stosd
    add edx, STEP
    dec bx
    jnz fill
    mov eax, ecx
    call seek
    mov dl, 0x80
each:
    mov ax, 0x4300
    call disk
    jc failed
    inc dl
    mov al, dl
    sub al, 0x80
    cmp al, byte ptr [DISKS]
    jb each
    inc ebp
    mov al, 'W'
    call say
    # Four records, then it waits for the clock's next tick (55 ms): the machine has other guests.
    test bp, 3
    jnz next
    hlt
    jmp next
failed:
    mov al, 'F'
    call say
    hlt
    jmp next

seek:                           # to record eax
    push ebx
    imul eax, eax, STRIDE
    xor edx, edx
    mov ebx, SLOTS
    div ebx
    lea eax, [edx + 1]
    pop ebx
    shl eax, 6
    mov dword ptr [lba], eax
    ret

disk:
    mov byte ptr [count], 8     # the BIOS writes there how many sectors it has done
    mov si, offset packet
    int 0x13
    ret

say:
    call put
    mov cx, 8
digit:
    rol ebp, 4
    mov ax, bp
    and al, 15
    cmp al, 10
    sbb al, 0x69
    das
    call put
    loop digit
    mov al, 10
put:
    push ax
    mov dx, 0x3fd
full:
    in al, dx
    test al, 0x20
    jz full
    pop ax
    mov dx, 0x3f8
    out dx, al
    ret

    .align 4
packet:
    .byte 16, 0
count:
    .word 0
    .word BUFFER, 0
lba:
    .quad 0
    .org 510
    .word 0xaa55
